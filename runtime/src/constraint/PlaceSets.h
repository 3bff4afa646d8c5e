//===- PlaceSets.h - sets of places as states of a lazy automaton ---------===//
// SPDX-License-Identifier: Apache-2.0
//
// Walks over the vocabulary meet the same sets of places again and again. Here every set is one number, and where it
// goes over a character is computed once: per class of characters (lap_char_class) where all places treat the class
// alike, per ASCII character otherwise. A step of a walk is then a table look-up.
//===----------------------------------------------------------------------===//
#ifndef LAPIDARY_RUNTIME_CONSTRAINT_PLACESETS_H
#define LAPIDARY_RUNTIME_CONSTRAINT_PLACESETS_H

#include "runtime/src/constraint/States.h"

namespace lap {

/// A place that can read characters of whole classes again and again.
struct Repetition {
  uint32_t classes;  // all of whose characters it repeats
  uint32_t left;     // how often, Unlimited: for ever
  uint32_t alone;    // classes of which nothing else is read, so that texts of more than `left` characters are out
  uint32_t distance; // from the place to the end, as long as it goes on
  uint32_t after;    // with `alone`: from the set behind any number of its characters to the end
};

struct PlaceSet {
  static constexpr uint32_t Repetitions = 2;
  uint32_t first, count; // in PlaceSets::places
  uint32_t distance;     // to the end, from the nearest place
  uint32_t uniform;      // classes that every place reads as a whole or not at all
  uint32_t known, self;  // classes whose step is known; that lead to this set again
  uint32_t repetitionCount;
  Repetition repetitions[Repetitions];
  bool hasEnd;
  uint32_t nextInBucket;
  uint32_t byClass[LAP_CHAR_CLASSES]; // set after a character; 0: not known yet
  uint32_t byAscii[128];
};

class PlaceSets {
public:
  static constexpr uint32_t Empty = 1;       // the set without places
  static constexpr uint32_t Most = 1u << 16; // sets at a time
  static constexpr uint32_t Comfortable = 1u << 14;
  static constexpr uint32_t Buckets = 1u << 12;

  explicit PlaceSets(States &states) : states(states) { clear(); }

  /// The number of a set.
  uint32_t of(const Configuration *set, uint32_t count);
  /// The set after a character.
  uint32_t next(uint32_t set, uint32_t character);
  /// Whether every character of the classes leads from the set to itself.
  bool staysOver(uint32_t set, uint32_t classes);

  const PlaceSet &operator[](uint32_t set) const { return sets[set]; }
  const Configuration *placesOf(uint32_t set) const { return &places[sets[set].first]; }

  void clear();
  /// Forgets all sets if there are many; their numbers are void.
  void tidy() {
    if (sets.size() > Comfortable || failed()) {
      clear();
    }
  }
  bool failed() const { return sets.failed() || places.failed() || buckets.failed() || scratch.failed(); }

private:
  uint32_t addSet(const Configuration *set, uint32_t count);
  void describe(PlaceSet &set);
  uint32_t classesAlone(const Configuration &place, uint32_t *out_after);
  uint32_t compute(uint32_t set, uint32_t character);

  States &states;
  Array<PlaceSet> sets{Most};
  ConfigurationList places{1u << 22};
  Array<uint32_t> buckets{Buckets}; // hash table: the first set of each, linked by nextInBucket
  ConfigurationList scratch{States::MaxPlaces}, after{States::MaxPlaces};
};

} // namespace lap

#endif // LAPIDARY_RUNTIME_CONSTRAINT_PLACESETS_H
