//===- Profile.h - prints where the time of each kind of op goes ----------===//
// SPDX-License-Identifier: Apache-2.0
//
// For `bench --profile`. What is measured, and how: runtime/src/Profile.h.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CLI_PROFILE_H
#define LAPIDARY_RUNTIME_CLI_PROFILE_H

#include "runtime/src/Profile.h"
#include "runtime/src/cli/Program.h"

namespace lap {

/// The profiles of a program's lanes and the time of the calls that they saw.
class TeamProfile {
public:
  TeamProfile() = default;
  ~TeamProfile();
  TeamProfile(const TeamProfile &) = delete;
  TeamProfile &operator=(const TeamProfile &) = delete;

  /// Makes room for the lanes of the program's session. False: not enough memory.
  bool open(const Program &program);

  /// A table of milliseconds per token, the kinds that took most first; nothing unless opened.
  void print(const char *what, uint64_t tokens, Output &out);

private:
  friend class ProfiledTime;
  LaneProfile *profiles = nullptr; // [lanes]
  uint32_t lanes = 0;
  double ms = 0; // wall time
};

/// The lanes are profiled as long as this lives, unless the profile is null or not open.
class ProfiledTime {
public:
  ProfiledTime(Program &program, TeamProfile *profile);
  ~ProfiledTime();
  ProfiledTime(const ProfiledTime &) = delete;
  ProfiledTime &operator=(const ProfiledTime &) = delete;

private:
  Program &program;
  TeamProfile *profile;
  double start;
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CLI_PROFILE_H
