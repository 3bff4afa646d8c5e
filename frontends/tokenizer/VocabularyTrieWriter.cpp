//===- VocabularyTrieWriter.cpp - the texts of all tokens as one trie -----===//
// SPDX-License-Identifier: Apache-2.0
//
// Sorted texts are a trie in preorder already: each text shares a prefix with the one before it and adds one node per
// further byte.
//===----------------------------------------------------------------------===//
#include "frontends/tokenizer/VocabularyTrieWriter.h"

#include "runtime/src/tokenizer/VocabularyTrie.h"

#include <algorithm>
#include <array>
#include <cstring>

using namespace lapidary;

namespace {

using Entry = std::pair<std::string, uint32_t>; // text, id

std::string decodedText(const std::string &piece) {
  if (std::optional<uint8_t> byte = byteOfPiece(piece)) {
    return std::string(1, static_cast<char>(*byte));
  }
  std::string text = piece;
  for (size_t at = 0; (at = text.find(spaceMark, at)) != std::string::npos; ++at) {
    text.replace(at, 3, " ");
  }
  return text;
}

std::vector<Entry> sortedTexts(const TokenizerModel &model) {
  std::vector<bool> special(model.pieces.size());
  for (const AddedToken &token : model.added) {
    special[token.id] = token.special;
  }
  std::vector<Entry> entries;
  for (uint32_t id = 0; id < model.pieces.size(); ++id) {
    if (!special[id] && !model.pieces[id].empty()) {
      entries.emplace_back(decodedText(model.pieces[id]), id);
    }
  }
  auto bytewise = [](const Entry &a, const Entry &b) { // char_traits<char> compares as unsigned char
    int order = a.first.compare(b.first);
    return order < 0 || (order == 0 && a.second < b.second);
  };
  std::sort(entries.begin(), entries.end(), bytewise);
  return entries;
}

class TrieWriter {
public:
  explicit TrieWriter(std::vector<Entry> entries) : entries(std::move(entries)) {}

  std::vector<char> write() {
    buildNodes();
    if (nodes.size() > LAP_VOCABULARY_MAX_NODES) {
      return {};
    }
    describeSubtrees();
    return layOut();
  }

private:
  void buildNodes();
  void describeSubtrees();
  std::vector<char> layOut() const;

  std::vector<Entry> entries;
  std::vector<lap_vocabulary_node> nodes;
  std::vector<uint32_t> depths, tokens;
  uint32_t maxBytes = 0;
};

void TrieWriter::buildNodes() {
  nodes.push_back({0, 0, 0});
  depths.push_back(0);
  const std::string *previous = nullptr;
  for (const auto &[text, id] : entries) {
    size_t shared = 0;
    while (previous && shared < previous->size() && shared < text.size() && (*previous)[shared] == text[shared]) {
      ++shared;
    }
    for (size_t i = shared; i < text.size(); ++i) {
      nodes.push_back({static_cast<uint8_t>(text[i]), static_cast<uint32_t>(tokens.size()), 0});
      depths.push_back(static_cast<uint32_t>(i + 1));
    }
    tokens.push_back(id);
    maxBytes = std::max(maxBytes, static_cast<uint32_t>(text.size()));
    previous = &text;
  }
}

/// From the last node to the first, so that a node's subtree is known before the node.
void TrieWriter::describeSubtrees() {
  uint32_t count = static_cast<uint32_t>(nodes.size());
  std::vector<uint32_t> parents(count), open{0};
  for (uint32_t n = 1; n < count; ++n) {
    open.resize(depths[n]);
    parents[n] = open.back();
    open.push_back(n);
  }
  std::vector<uint32_t> next(count);
  for (uint32_t n = count; n-- > 0;) {
    next[n] = std::max(next[n], n + 1);
    uint8_t byte = static_cast<uint8_t>(nodes[n].next_byte);
    nodes[n].next_byte = next[n] << 8 | byte;
    if (n != 0) {
      uint32_t kind = lap_char_class(byte), chars = (nodes[n].below & LAP_VOCABULARY_MAX_CHARS) + (kind < 32);
      uint32_t classes = (nodes[n].below >> 6) | (kind < 32 ? 1u << kind : 0);
      uint32_t &below = nodes[parents[n]].below;
      uint32_t most = std::max(below & LAP_VOCABULARY_MAX_CHARS, std::min<uint32_t>(chars, LAP_VOCABULARY_MAX_CHARS));
      below = ((below >> 6) | classes) << 6 | most;
      next[parents[n]] = std::max(next[parents[n]], next[n]);
    }
  }
  nodes.push_back({count << 8, static_cast<uint32_t>(tokens.size()), 0}); // the end
}

/// Whether every byte that valid UTF-8 may hold is a token of its own.
bool hasEveryByte(const std::vector<Entry> &entries) {
  std::array<bool, 256> have = {};
  for (const Entry &entry : entries) {
    if (entry.first.size() == 1) {
      have[static_cast<uint8_t>(entry.first[0])] = true;
    }
  }
  for (unsigned byte = 0; byte < 0xF5; ++byte) {
    if (!have[byte] && byte != 0xC0 && byte != 0xC1) {
      return false;
    }
  }
  return true;
}

std::vector<char> TrieWriter::layOut() const {
  lap_vocabulary header = {};
  std::memcpy(header.magic, LAP_VOCABULARY_MAGIC, sizeof header.magic);
  header.version = LAP_VOCABULARY_VERSION;
  header.flags = hasEveryByte(entries) ? LAP_VOCABULARY_EVERY_BYTE : 0;
  header.nodes = static_cast<uint32_t>(nodes.size() - 1);
  header.tokens = static_cast<uint32_t>(tokens.size());
  header.max_bytes = maxBytes;
  header.max_chars = nodes[0].below & LAP_VOCABULARY_MAX_CHARS;
  header.node_list = sizeof header;
  header.token_list = header.node_list + nodes.size() * sizeof(lap_vocabulary_node);
  header.total_bytes = (header.token_list + tokens.size() * sizeof(uint32_t) + 7) / 8 * 8;
  std::vector<char> block(header.total_bytes);
  std::memcpy(block.data(), &header, sizeof header);
  std::memcpy(block.data() + header.node_list, nodes.data(), nodes.size() * sizeof(lap_vocabulary_node));
  if (!tokens.empty()) {
    std::memcpy(block.data() + header.token_list, tokens.data(), tokens.size() * sizeof(uint32_t));
  }
  return block;
}

} // namespace

std::vector<char> lapidary::writeVocabularyTrie(const TokenizerModel &model) {
  return TrieWriter(sortedTexts(model)).write();
}
