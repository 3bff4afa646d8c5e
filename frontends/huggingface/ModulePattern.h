//===- ModulePattern.h - which modules a quantization rule means -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Rules come from files we do not trust, so they are matched by RE2: linear time whatever the pattern, limited memory,
// no back references. Its syntax is Python's except for look-around, which is refused with a message of its own.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_FRONTENDS_HUGGINGFACE_MODULEPATTERN_H
#define LAPIDARY_FRONTENDS_HUGGINGFACE_MODULEPATTERN_H

#include "frontends/huggingface/ConfigFields.h"

#include <memory>
#include <string_view>

namespace re2 {
class RE2;
} // namespace re2

namespace lapidary {

/// What the reference would make of a module: only matrices and tables are quantized.
enum class ModuleKind { Other, Linear, Embedding };

class ModulePattern {
public:
  /// How Python would apply the text to a module's name.
  enum class Mode {
    Search,      ///< re.search
    Start,       ///< re.match: from the start, not to the end
    StartOrTail, ///< re.match, or the name ends with the text itself
    NameOrClass, ///< the whole name, or the class "Linear" or "Embedding"
  };

  /// Reports E0239, E0252 or E0253 about field `label` of `fields`.
  static std::optional<ModulePattern> compile(const std::string &text, Mode mode, const ConfigFields &fields,
                                              const std::string &label);

  bool matches(const std::string &module, ModuleKind kind) const;
  const std::string &text() const { return source; }
  bool isRegex() const { return mode != Mode::NameOrClass; }
  /// True when the pattern names a class of modules, not modules.
  bool isClass() const;
  /// True when the text speaks of the vision or audio part.
  bool mentionsTower() const;

private:
  ModulePattern(std::string source, Mode mode) : source(std::move(source)), mode(mode) {}
  std::string source;
  Mode mode;
  std::shared_ptr<const re2::RE2> regex; ///< null: NameOrClass, or a rule that only towers can match
};

/// True when every match of the Python regular expression `text` contains the name of a tower, by its form alone:
/// it begins with one, after an optional "^", ".*" and "model.", and has no alternatives at top level.
bool canOnlyMatchTowers(std::string_view text);

} // namespace lapidary

#endif // LAPIDARY_FRONTENDS_HUGGINGFACE_MODULEPATTERN_H
