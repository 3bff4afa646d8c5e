// main.cpp - lapidary-kernelgen: compiles kernels to objects.
// SPDX-License-Identifier: Apache-2.0
//
// A program of its own because libHalide carries its own LLVM, which must not meet the compiler's. The compiler starts
// it and caches what it writes. Exit codes: 0 done, 1 cannot write, 2 wrong usage.
#include "tools/lapidary-kernelgen/KernelRegistry.h"

#include <Halide.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/stat.h>

using namespace lapidary;
using namespace lapidary::kernelgen;

namespace {
constexpr const char *usage = "usage: lapidary-kernelgen --list [--target=TARGET]\n"
                              "       lapidary-kernelgen --target=TARGET --kernel=NAME -o FILE.o\n"
                              "       lapidary-kernelgen --target=TARGET {--kernel=NAME ... | --all} -o DIRECTORY/\n"
                              "\n"
                              "Compiles Lapidary's CPU kernels to ELF objects; a directory gets one NAME.o each.\n"
                              "TARGET:";

/// Halide's own reporter throws, which a program without exceptions turns into a silent abort.
class HalideReporter : public Halide::CompileTimeErrorReporter {
public:
  void warning(const char *message) override { std::fprintf(stderr, "warning: %s\n", message); }
  [[noreturn]] void error(const char *message) override {
    std::fprintf(stderr, "error: Halide cannot compile this kernel: %s\n", message);
    std::exit(1);
  }
};

struct Options {
  bool list = false, all = false;
  std::string target, output;
  std::vector<std::string> kernels;
};

int usageError(const std::string &message) {
  std::fprintf(stderr, "error: %s\n%s", message.c_str(), usage);
  for (const std::string &target : knownTargets()) {
    std::fprintf(stderr, " %s", target.c_str());
  }
  std::fprintf(stderr, "\n");
  return 2;
}

std::string didYouMean(std::string_view word, const std::vector<std::string> &candidates) {
  const std::string near = closest(word, candidates);
  return near.empty() ? std::string("; --list shows all") : "; did you mean '" + near + "'?";
}

/// 0, or the exit code of an error it has reported.
int parse(int count, char **words, Options &out_options) {
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--list") {
      out_options.list = true;
    } else if (word == "--all") {
      out_options.all = true;
    } else if (word.rfind("--target=", 0) == 0) {
      out_options.target = word.substr(9);
    } else if (word.rfind("--kernel=", 0) == 0) {
      out_options.kernels.push_back(word.substr(9));
    } else if (word == "-o" && i + 1 < count) {
      out_options.output = words[++i];
    } else {
      return usageError("unexpected argument '" + word + "'");
    }
  }
  return 0;
}

int list(const CpuIsa *isa) {
  for (const Kernel &kernel : allKernels()) {
    if (!isa || isa == kernel.isa) {
      std::printf("%s\n", kernel.name.c_str());
    }
  }
  return 0;
}

/// Looks up the requested kernels among those of `isa`.
int selectKernels(const Options &options, const CpuIsa *isa, std::vector<Kernel> &out_kernels) {
  std::vector<std::string> names;
  const std::vector<Kernel> kernels = allKernels();
  for (const Kernel &kernel : kernels) {
    if (kernel.isa == isa) {
      names.push_back(kernel.name);
      if (options.all) {
        out_kernels.push_back(kernel);
      }
    }
  }
  for (const std::string &wanted : options.kernels) {
    const Kernel *found = nullptr;
    for (const Kernel &kernel : kernels) {
      if (kernel.name == wanted && kernel.isa == isa) {
        found = &kernel;
      }
    }
    if (!found) {
      return usageError("no kernel '" + wanted + "' for target '" + options.target + "'" + didYouMean(wanted, names));
    }
    out_kernels.push_back(*found);
  }
  return 0;
}

int writeObjects(const Options &options, const std::vector<Kernel> &kernels) {
  const bool directory = options.output.back() == '/';
  if (!directory && kernels.size() > 1) {
    return usageError("several kernels need a directory: -o " + options.output + "/");
  }
  const std::string made = directory ? options.output : std::string();
  if (directory && mkdir(made.c_str(), 0777) != 0 && errno != EEXIST) {
    std::fprintf(stderr, "error: cannot create directory '%s': %s\n", made.c_str(), std::strerror(errno));
    return 1;
  }
  for (const Kernel &kernel : kernels) {
    const std::string path = directory ? options.output + kernel.name + ".o" : options.output;
    // Halide aborts on files it cannot open, so try first.
    std::FILE *probe = std::fopen(path.c_str(), "wb");
    if (!probe) {
      std::fprintf(stderr, "error: cannot write '%s': %s\n", path.c_str(), std::strerror(errno));
      return 1;
    }
    std::fclose(probe);
    writeObject(kernel, path);
  }
  return 0;
}
} // namespace

int main(int count, char **words) {
  HalideReporter reporter;
  Halide::set_custom_compile_time_error_reporter(&reporter);
  Options options;
  if (int code = parse(count, words, options)) {
    return code;
  }
  const CpuIsa *isa = targetIsa(options.target);
  if (!isa && !options.target.empty()) {
    return usageError("unknown target '" + options.target + "'" + didYouMean(options.target, knownTargets()));
  }
  if (options.list) {
    return list(isa);
  }
  if (options.target.empty() || (options.kernels.empty() && !options.all) || options.output.empty()) {
    return usageError("--target, --kernel (or --all) and -o are needed");
  }
  std::vector<Kernel> kernels;
  if (int code = selectKernels(options, isa, kernels)) {
    return code;
  }
  return writeObjects(options, kernels);
}
