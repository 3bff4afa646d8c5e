//===- Profile.cpp - prints where the time of each kind of op goes --------===//
// SPDX-License-Identifier: Apache-2.0
//
// Times are means over the lanes, so that the rows add up to the time of a token; "least" and "most" are the work of
// the lanes that did least and most. GB/s is what all lanes read while the kind ran, waits included.
//===----------------------------------------------------------------------===//
#include "runtime/src/cli/Profile.h"

#include "runtime/src/Session.h"

#include <stdio.h>
#include <stdlib.h>

namespace lap {

namespace {

/// One row of the table: a kind over all lanes.
struct KindTimes {
  OpKind kind;
  uint64_t calls, workNs, waitNs, leastNs, mostNs, sleeps, bytes;

  uint64_t allNs() const { return workNs + waitNs; }
  void add(const OpTimes &lane) {
    calls = lane.calls > calls ? lane.calls : calls;
    workNs += lane.workNs;
    waitNs += lane.waitNs;
    leastNs = lane.workNs < leastNs ? lane.workNs : leastNs;
    mostNs = lane.workNs > mostNs ? lane.workNs : mostNs;
    sleeps += lane.sleeps;
    bytes += lane.bytes;
  }
};

int longestFirst(const void *a, const void *b) {
  const uint64_t x = static_cast<const KindTimes *>(a)->allNs(), y = static_cast<const KindTimes *>(b)->allNs();
  return x < y ? 1 : x > y ? -1 : 0;
}

const char *formatName(uint32_t format) {
  constexpr const char *Names[] = {"f32", "bf16", "w8", "w4", "w2row", "w4row", "w8row", "i8", "w4s8"};
  return format < sizeof(Names) / sizeof(Names[0]) ? Names[format] : "";
}

/// "matmul w4 2048 x 1536": output and input columns.
void describe(const OpKind &kind, char *text, size_t bytes) {
  if (kind.weight) {
    snprintf(text, bytes, "%s %s %u x %u", kind.name, formatName(kind.weight->format), kind.weight->rows,
             kind.weight->columns);
  } else {
    snprintf(text, bytes, "%s", kind.name);
  }
}

/// All lanes' kinds in one list; returns their number, at most LaneProfile::MostKinds.
uint32_t merge(const LaneProfile *profiles, uint32_t lanes, KindTimes *out) {
  uint32_t count = 0;
  for (uint32_t lane = 0; lane < lanes; ++lane) {
    for (uint32_t i = 0; i < profiles[lane].count; ++i) {
      const OpTimes &times = profiles[lane].kinds[i];
      uint32_t at = 0;
      while (at < count && !(out[at].kind == times.kind)) {
        ++at;
      }
      if (at == count && count == LaneProfile::MostKinds) {
        continue;
      }
      if (at == count) {
        out[count++] = {times.kind, 0, 0, 0, UINT64_MAX, 0, 0, 0};
      }
      out[at].add(times);
    }
  }
  return count;
}

} // namespace

TeamProfile::~TeamProfile() { free(profiles); }

bool TeamProfile::open(const Program &program) {
  lanes = lap_session_threads(program.session);
  profiles = static_cast<LaneProfile *>(aligned_alloc(alignof(LaneProfile), lanes * sizeof(LaneProfile)));
  for (uint32_t lane = 0; profiles && lane < lanes; ++lane) {
    profiles[lane] = LaneProfile();
  }
  return profiles != nullptr;
}

void TeamProfile::print(const char *what, uint64_t tokens, Output &out) {
  if (!profiles || tokens == 0) {
    return;
  }
  KindTimes kinds[LaneProfile::MostKinds];
  const uint32_t count = merge(profiles, lanes, kinds);
  qsort(kinds, count, sizeof(KindTimes), longestFirst);
  out.format("\n%s: %.3f ms a token on %u threads; per token:\n", what, ms / static_cast<double>(tokens), lanes);
  out.format("%-34s %7s %9s %9s %9s %9s %7s %7s\n", "op", "calls", "work, ms", "least", "most", "wait, ms", "sleeps",
             "GB/s");
  const double perToken = 1e-6 / static_cast<double>(tokens), mean = perToken / lanes;
  double known = 0, work = 0, wait = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const KindTimes &k = kinds[i];
    char name[64], speed[16] = "";
    describe(k.kind, name, sizeof(name));
    if (k.bytes != 0 && k.allNs() != 0) {
      snprintf(speed, sizeof(speed), "%.1f", static_cast<double>(k.bytes) * lanes / static_cast<double>(k.allNs()));
    }
    out.format("%-34s %7.1f %9.3f %9.3f %9.3f %9.3f %7.1f %7s\n", name,
               static_cast<double>(k.calls) / static_cast<double>(tokens), static_cast<double>(k.workNs) * mean,
               static_cast<double>(k.leastNs) * perToken, static_cast<double>(k.mostNs) * perToken,
               static_cast<double>(k.waitNs) * mean, static_cast<double>(k.sleeps) / static_cast<double>(tokens),
               speed);
    work += static_cast<double>(k.workNs) * mean;
    wait += static_cast<double>(k.waitNs) * mean;
    known += static_cast<double>(k.allNs()) * mean;
  }
  out.format("%-34s %7s %9.3f %9s %9s %9.3f\n", "all", "", work, "", "", wait);
  out.format("%-34s %7s %9.3f\n", "between ops and calls", "", ms / static_cast<double>(tokens) - known);
}

ProfiledTime::ProfiledTime(Program &program, TeamProfile *profile)
    : program(program), profile(profile && profile->profiles ? profile : nullptr), start(nowMs()) {
  if (this->profile) {
    program.session->lender->team.setProfile(profile->profiles);
  }
}

ProfiledTime::~ProfiledTime() {
  if (profile) {
    profile->ms += nowMs() - start;
    program.session->lender->team.setProfile(nullptr);
  }
}

} // namespace lap
