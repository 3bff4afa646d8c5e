//===- TokenizerWriter.cpp - a tokenizer as read-only tables -------------===//
// SPDX-License-Identifier: Apache-2.0
//
// Sections are appended one by one behind the header, each 8-byte aligned; the header is written last, when all
// offsets are known.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/TokenizerWriter.h"

#include "frontends/tokenizer/VocabularyTrieWriter.h"
#include "runtime/src/tokenizer/TokenizerTables.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

using namespace lapidary;

namespace {

/// Smallest table of a power of two that is at most half full, so that a search always ends and stays short.
uint32_t slotBits(size_t entries) {
  uint32_t bits = 1;
  while ((size_t(1) << bits) < 2 * entries + 1) {
    ++bits;
  }
  return bits;
}

struct TrieNode {
  std::map<uint8_t, uint32_t> children;
  uint32_t id = LAP_NO_ID;
};

class Writer {
public:
  explicit Writer(const TokenizerModel &model) : model(model), block(sizeof(lap_tokenizer)) {}

  std::vector<char> write() {
    writeHeader();
    writePieces();
    writeVocabulary();
    writeMerges();
    writeTries();
    findSpaceJoiners();
    std::vector<char> trie = writeVocabularyTrie(model);
    header.vocabulary_trie = append(trie);
    header.vocabulary_trie_bytes = trie.size();
    header.total_bytes = block.size();
    std::memcpy(block.data(), &header, sizeof header);
    return std::move(block);
  }

private:
  void writeHeader();
  void writePieces();
  void writeVocabulary();
  void writeMerges();
  void addToTrie(const AddedToken &token);
  void writeTries();
  void findSpaceJoiners();

  /// Appends a section and returns its offset.
  template <typename T> uint64_t append(const std::vector<T> &values) {
    uint64_t offset = block.size();
    block.resize((offset + values.size() * sizeof(T) + LAP_TOKENIZER_ALIGN - 1) / LAP_TOKENIZER_ALIGN *
                 LAP_TOKENIZER_ALIGN);
    if (!values.empty()) {
      std::memcpy(block.data() + offset, values.data(), values.size() * sizeof(T));
    }
    return offset;
  }

  const TokenizerModel &model;
  std::vector<char> block;
  lap_tokenizer header = {};
  std::vector<TrieNode> nodes{1}; // node 0 is "none"
};

void Writer::writeHeader() {
  std::memcpy(header.magic, LAP_TOKENIZER_MAGIC, sizeof header.magic);
  header.version = LAP_TOKENIZER_VERSION;
  header.flags = (model.byteFallback ? LAP_TOKENIZER_BYTE_FALLBACK : 0) | (model.fuseUnk ? LAP_TOKENIZER_FUSE_UNK : 0);
  header.pieces = static_cast<uint32_t>(model.pieces.size());
  header.merges = static_cast<uint32_t>(model.merges.size());
  header.unk = model.unk.value_or(LAP_NO_ID);
  header.bos = model.bos.value_or(LAP_NO_ID);
  header.prefix_count = static_cast<uint32_t>(model.prefix.size());
  header.suffix_count = static_cast<uint32_t>(model.suffix.size());
  std::copy(model.prefix.begin(), model.prefix.end(), header.prefix);
  std::copy(model.suffix.begin(), model.suffix.end(), header.suffix);
  header.space = LAP_NO_ID;
  std::fill(std::begin(header.ascii), std::end(header.ascii), LAP_NO_ID);
  std::fill(std::begin(header.byte_pieces), std::end(header.byte_pieces), LAP_NO_ID);
}

void Writer::writePieces() {
  std::vector<uint32_t> offsets;
  std::vector<char> text;
  std::vector<uint8_t> flags;
  for (const std::string &piece : model.pieces) {
    offsets.push_back(static_cast<uint32_t>(text.size())); // 2^20 pieces of 1 KiB fit
    text.insert(text.end(), piece.begin(), piece.end());
    flags.push_back(byteOfPiece(piece) ? LAP_PIECE_BYTE : 0);
    header.max_piece_bytes = std::max(header.max_piece_bytes, static_cast<uint32_t>(piece.size()));
  }
  offsets.push_back(static_cast<uint32_t>(text.size()));
  for (const AddedToken &token : model.added) {
    flags[token.id] |= LAP_PIECE_ADDED | (token.special ? LAP_PIECE_SPECIAL : 0);
  }
  header.piece_offsets = append(offsets);
  header.piece_text = append(text);
  header.piece_flags = append(flags);
}

void Writer::writeVocabulary() {
  header.vocabulary_bits = slotBits(model.vocabularySize);
  std::vector<uint32_t> slots(size_t(1) << header.vocabulary_bits, LAP_NO_ID);
  for (uint32_t id = 0; id < model.vocabularySize; ++id) {
    const std::string &piece = model.pieces[id];
    uint32_t slot = lap_piece_slot(piece.data(), piece.size(), header.vocabulary_bits);
    while (slots[slot] != LAP_NO_ID) {
      slot = (slot + 1) & (slots.size() - 1);
    }
    slots[slot] = id;
    if (piece.size() == 1 && static_cast<uint8_t>(piece[0]) < 128) {
      header.ascii[static_cast<uint8_t>(piece[0])] = id;
    }
    // The encoder spells bytes with capitals only, as the package does.
    std::optional<uint8_t> byte = byteOfPiece(piece);
    if (byte && std::none_of(piece.begin() + 3, piece.end(), [](char c) { return c >= 'a'; })) {
      header.byte_pieces[*byte] = id;
    }
    if (piece == spaceMark) {
      header.space = id;
    }
  }
  header.ascii[' '] = header.space; // the normalizer leaves no space
  header.vocabulary_slots = append(slots);
}

void Writer::writeMerges() {
  header.merge_bits = slotBits(model.merges.size());
  std::vector<uint32_t> slots(size_t(1) << header.merge_bits, LAP_NO_ID);
  std::vector<lap_merge> list;
  for (const TokenizerMerge &merge : model.merges) {
    uint32_t slot = lap_merge_slot(merge.left, merge.right, header.merge_bits);
    while (slots[slot] != LAP_NO_ID) {
      slot = (slot + 1) & (slots.size() - 1);
    }
    slots[slot] = static_cast<uint32_t>(list.size());
    list.push_back({merge.left, merge.right, merge.merged});
  }
  header.merge_list = append(list);
  header.merge_slots = append(slots);
}

void Writer::addToTrie(const AddedToken &token) {
  uint32_t *next = &header.trie_root[token.normalized][static_cast<uint8_t>(token.text[0])];
  uint32_t node = 0;
  for (size_t i = 0;; next = &nodes[node].children[static_cast<uint8_t>(token.text[i])]) {
    if (*next == 0) {
      *next = static_cast<uint32_t>(nodes.size());
      node = *next;
      nodes.emplace_back();
    } else {
      node = *next;
    }
    if (++i == token.text.size()) {
      break;
    }
  }
  nodes[node].id = token.id;
}

void Writer::writeTries() {
  for (const AddedToken &token : model.added) {
    addToTrie(token);
  }
  std::vector<lap_trie_node> flat;
  std::vector<uint8_t> edgeBytes;
  std::vector<uint32_t> edgeNodes;
  for (const TrieNode &node : nodes) {
    flat.push_back({static_cast<uint32_t>(edgeBytes.size()), static_cast<uint32_t>(node.children.size()), node.id});
    for (auto [byte, child] : node.children) {
      edgeBytes.push_back(byte);
      edgeNodes.push_back(child);
    }
  }
  header.trie_nodes_count = static_cast<uint32_t>(flat.size());
  header.trie_edges_count = static_cast<uint32_t>(edgeBytes.size());
  header.trie_nodes = append(flat);
  header.trie_edge_bytes = append(edgeBytes);
  header.trie_edge_nodes = append(edgeNodes);
}

/// Finds the characters c for which some merge joins a piece ending in c with a piece starting with U+2581. When all
/// of them are ASCII, the encoder may merge every "c then space" boundary with another c apart. Pieces that end in a
/// byte piece or in unk could stand for any character, so they switch this off.
void Writer::findSpaceJoiners() {
  auto endsWith = [](const std::string &text, const std::string &end) {
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
  };
  if (header.space == LAP_NO_ID || (model.unk && endsWith(model.pieces[*model.unk], spaceMark))) {
    return;
  }
  for (const TokenizerMerge &merge : model.merges) {
    const std::string &left = model.pieces[merge.left];
    if (model.pieces[merge.right].compare(0, 3, spaceMark) != 0 || endsWith(left, spaceMark)) {
      continue;
    }
    uint8_t last = static_cast<uint8_t>(left.back());
    bool anyCharacter = (left.size() >= 6 && byteOfPiece(left.substr(left.size() - 6))) ||
                        (model.unk && endsWith(left, model.pieces[*model.unk]));
    if (last >= 128 || anyCharacter) {
      return;
    }
    header.space_joiners[last / 64] |= uint64_t(1) << (last % 64);
  }
  header.flags |= LAP_TOKENIZER_SPACE_STARTS;
}

} // namespace

std::vector<char> lapidary::writeTokenizerTables(const TokenizerModel &model) { return Writer(model).write(); }
