//===- Serve.cpp - the command `serve` ------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Opens the model, then the port, and serves until a signal. The first SIGINT or SIGTERM stops accepting and lets
// answers end for a while; the second ends at once.
//===----------------------------------------------------------------------===//
#include "runtime/src/server/Serve.h"

#include "runtime/src/cli/Program.h"
#include "runtime/src/server/Access.h"
#include "runtime/src/server/Api.h"

namespace lap::server {

namespace {

constexpr unsigned GraceSeconds = 30; // for answers in progress, after a signal

template <typename Number> void set(uint64_t given, Number &setting) {
  if (given != NotGiven) {
    setting = static_cast<Number>(given);
  }
}

bool readSettings(const Options &options, Settings &out, std::string &error) {
  out.host = options.host ? options.host : out.host;
  set(options.port, out.port);
  set(options.parallel, out.parallel);
  out.kept = out.parallel;
  set(options.kept, out.kept);
  set(options.threads, out.threads);
  set(options.context, out.context);
  set(options.chunk, out.chunk);
  set(options.drafts, out.drafts);
  set(options.tokens, out.tokens);
  set(options.maxConnections, out.connections);
  set(options.maxWaiting, out.waiting);
  set(options.maxSeconds, out.seconds);
  if (options.maxBody != NotGiven) {
    out.bodyBytes = options.maxBody << 20;
  }
  out.quiet = options.quiet;
  return !options.apiKeyFile || readKeys(options.apiKeyFile, &out.keys, &error);
}

ExitCode serve(Program &program, const Settings &settings) {
  Metrics metrics;
  Api *handler = nullptr;
  // What holds exchanges (scheduler, api) must end before the server they belong to.
  HttpServer http(settings, metrics, [&handler](HttpRequest request, std::shared_ptr<Exchange> exchange) {
    handler->handle(std::move(request), std::move(exchange));
  });
  std::string failure;
  if (!http.listen(&failure)) {
    return complain(ExitIo, "%s", failure.c_str());
  }
  Scheduler scheduler(program.model, settings, metrics);
  lap_error error{};
  if (scheduler.open(&error) != LAP_OK) {
    return report(error);
  }
  Api api(*program.model, settings, scheduler, metrics);
  handler = &api;
  if (!api.start()) {
    return complain(ExitMemory, "cannot start a thread");
  }
  const bool six = settings.host.find(':') != std::string::npos;
  message("listening on http://%s%s%s:%u (%u at once, %u more kept%s)", six ? "[" : "", settings.host.c_str(),
          six ? "]" : "", http.port(), settings.parallel, settings.kept,
          settings.keys.empty() ? ", no API key" : ", API key needed");
  http.run([&] {
    if (!settings.quiet) {
      message("stopping; answers in progress get %u s, a second signal ends at once", GraceSeconds);
    }
    scheduler.finish();
    return GraceSeconds;
  });
  return ExitOk;
}

} // namespace

ExitCode runServe(const Options &options, Output &) {
  try {
    Settings settings;
    std::string error;
    if (!readSettings(options, settings, error)) {
      return complain(ExitInput, "--api-key-file: %s", error.c_str());
    }
    Program program(options);
    const ExitCode code = program.openModel();
    if (code == ExitOk && !program.model->tokenizer) {
      return complain(ExitInput, "serve needs a tokenizer, and this program was compiled without one");
    }
    return code == ExitOk ? serve(program, settings) : code;
  } catch (const std::exception &failure) {
    return complain(ExitInternal, "the server failed: %s", failure.what());
  }
}

} // namespace lap::server
