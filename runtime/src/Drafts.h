//===- Drafts.h - tokens that are read before they are drawn --------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Decoding reads all weights for one row; a few rows more cost little. So a session may guess the next tokens and read
// them with the token it was given: when a guess is what is then drawn, its logits are there already. Nothing depends
// on guesses but time: tokens are drawn from the same logits in the same order (Leviathan et al., "Fast inference from
// transformers via speculative decoding", with guesses that are right or not, so nothing has to be drawn again).
//
// Guesses come from the sequence itself (Saxena, "Prompt lookup decoding"): what followed where its last tokens stood
// before. That is worth most where answers repeat their prompts: changed code, summaries, quoted lists.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_DRAFTS_H
#define LAPIDARY_RUNTIME_DRAFTS_H

#include "lapidary/lapidary.h"

namespace lap {

enum { MaxDrafts = 15 };

/// Of one session. Guesses lie behind its sequence: in its ids, in its caches and in its rows of logits.
struct Drafts {
  uint32_t most = 0;    // guesses at once; 0: none are made
  uint32_t length = 2;  // how many the next call makes: more while they are right
  uint32_t made = 0;    // by the latest call
  uint32_t left = 0;    // of these, neither drawn nor wrong yet
  uint64_t guessed = 0; // all of the calls before ..
  uint64_t right = 0;   // .. and those that were drawn

  /// Guesses up to now, and those that were drawn.
  uint64_t allGuessed() const { return guessed + made; }
  uint64_t allRight() const { return right + made - left; }
};

/// What may follow ids[count]: where the longest run of its last ids stood before (at least two, at most 8; the latest
/// such place), up to `most` ids that followed, those written here included. Writes them to `out` and returns how many.
uint32_t lookUp(const int32_t *ids, uint32_t count, int32_t *out, uint32_t most);

/// Appends `id`: without computing anything if it is the next guess, else together with new guesses, if there are any
/// to be made. Errors: those of lap_session_decode.
lap_status decodeWithDrafts(lap_session &session, int32_t id, lap_error *error);

/// Forgets guesses that were not drawn; called by whatever else changes the sequence.
void dropDrafts(lap_session &session);

} // namespace lap

#endif // LAPIDARY_RUNTIME_DRAFTS_H
