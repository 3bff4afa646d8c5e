//===- IndexCases.cpp - bad shard indexes, missing files ----------------------------------------===//
// SPDX-License-Identifier: Apache-2.0
//
// The valid model is split into two shards first, then index or shards are damaged.
//===----------------------------------------------------------------------===//
#include "test/frontends/huggingface/MalformedCases.h"

#include <filesystem>
#include <sys/stat.h>

namespace lapidary::test {

namespace {

constexpr const char *first = "model-00001-of-00002.safetensors";
constexpr const char *second = "model-00002-of-00002.safetensors";
constexpr const char *indexName = "model.safetensors.index.json";

/// The index of the model as split by `split`.
nlohmann::json indexOf(const TinyModel &model) {
  nlohmann::json map;
  for (size_t i = 0; i < model.tensors.size(); ++i) {
    map[model.tensors[i].name] = i < model.tensors.size() / 2 ? first : second;
  }
  return {{"metadata", {{"total_size", 1}}}, {"weight_map", map}};
}

void split(const TinyModel &model, const TempDirectory &directory) {
  auto middle = model.tensors.begin() + static_cast<long>(model.tensors.size() / 2);
  std::filesystem::remove(directory.file("model.safetensors"));
  directory.write(first, fileBytes(std::vector<TinyTensor>(model.tensors.begin(), middle)));
  directory.write(second, fileBytes(std::vector<TinyTensor>(middle, model.tensors.end())));
  directory.write(indexName, indexOf(model).dump());
}

using Damage = std::function<void(TinyModel &, const TempDirectory &)>;

MalformedCase sharded(const std::string &name, ErrorCode code, std::vector<std::string> words, const Damage &damage) {
  return {name, code, std::move(words), [damage](TinyModel &model, const TempDirectory &directory) {
            split(model, directory);
            damage(model, directory);
          }};
}

/// A case whose index is this text.
MalformedCase text(const std::string &name, ErrorCode code, std::vector<std::string> words, const std::string &index) {
  words.push_back(indexName);
  return sharded(name, code, std::move(words),
                 [index](TinyModel &, const TempDirectory &directory) { directory.write(indexName, index); });
}

MalformedCase shardNamed(const std::string &name, const std::string &shard) {
  return text(name, ErrorCode::ShardNameUnsafe, {"expected a plain"},
              nlohmann::json{{"weight_map", {{"a", shard}}}}.dump());
}

std::vector<MalformedCase> indexTextCases() {
  std::string manyShards = R"({"weight_map":{"t":"x.safetensors")";
  for (int i = 0; i < 4097; ++i) {
    manyShards += ",\"t" + std::to_string(i) + "\":\"s" + std::to_string(i) + ".safetensors\"";
  }
  return {
      text("index cut off", ErrorCode::IndexSyntax, {"line 1"}, R"({"weight_map": {"a")"),
      text("index is empty", ErrorCode::IndexSyntax, {"end of input"}, ""),
      text("index is a list", ErrorCode::IndexSyntax, {"weight_map"}, "[]"),
      text("index without weight_map", ErrorCode::IndexSyntax, {"weight_map", "found none"}, "{}"),
      text("weight_map is empty", ErrorCode::IndexSyntax, {"weight_map"}, R"({"weight_map":{}})"),
      text("weight_map is a string", ErrorCode::IndexSyntax, {"the string 'x'"}, R"({"weight_map":"x"})"),
      text("weight_map value is a number", ErrorCode::IndexSyntax, {"is 1"}, R"({"weight_map":{"a":1}})"),
      text("weight_map key twice", ErrorCode::IndexDuplicate, {"'a'"},
           R"({"weight_map":{"a":"x.safetensors","a":"y.safetensors"}})"),
      text("weight_map twice", ErrorCode::IndexDuplicate, {"'weight_map'"}, R"({"weight_map":{},"weight_map":{}})"),
      text("index nested deeply", ErrorCode::HeaderTooDeep, {"4 levels"}, std::string(100000, '[')),
      text("more than 4096 shards", ErrorCode::TooManyShards, {"4,096"}, manyShards + "}}"),
      shardNamed("shard name climbs out", "../other.safetensors"),
      shardNamed("shard name is absolute", "/etc/passwd.safetensors"),
      shardNamed("shard name in a subdirectory", "a/b.safetensors"),
      shardNamed("shard name with a backslash", "..\\b.safetensors"),
      shardNamed("shard name with a zero byte", std::string("a\0.safetensors", 14)),
      shardNamed("shard name of another kind", "config.json"),
      shardNamed("shard name is empty", ""),
      shardNamed("shard name is hidden", ".safetensors"),
      shardNamed("shard name too long", std::string(300, 'x') + ".safetensors"),
  };
}

std::vector<MalformedCase> shardCases() {
  return {
      sharded("shard missing", ErrorCode::ShardMissing, {second, "does not exist", indexName},
              [](TinyModel &, const TempDirectory &directory) { std::filesystem::remove(directory.file(second)); }),
      sharded("shard cut off", ErrorCode::DataTruncated, {second, "7 bytes missing"},
              [](TinyModel &, const TempDirectory &directory) {
                std::string bytes = readFile(directory.file(second));
                directory.write(second, bytes.substr(0, bytes.size() - 7));
              }),
      sharded("shard is a directory", ErrorCode::NotARegularFile, {second},
              [](TinyModel &, const TempDirectory &directory) {
                std::filesystem::remove(directory.file(second));
                std::filesystem::create_directory(directory.file(second));
              }),
      sharded("shard is a pipe", ErrorCode::NotARegularFile, {second},
              [](TinyModel &, const TempDirectory &directory) {
                std::filesystem::remove(directory.file(second));
                ::mkfifo(directory.file(second).c_str(), 0600);
              }),
      sharded("tensor indexed but in no shard", ErrorCode::IndexedTensorMissing, {"'ghost'", "found in none", first},
              [](TinyModel &model, const TempDirectory &directory) {
                nlohmann::json index = indexOf(model);
                index["weight_map"]["ghost"] = first;
                directory.write(indexName, index.dump());
              }),
      sharded("tensor indexed in the wrong shard", ErrorCode::IndexedTensorMissing,
              {"embed_tokens.weight", std::string("found in ") + first, std::string("expected in ") + second},
              [](TinyModel &model, const TempDirectory &directory) {
                nlohmann::json index = indexOf(model);
                index["weight_map"][model.tensors[0].name] = second;
                directory.write(indexName, index.dump());
              }),
      sharded("tensor in a shard but not indexed", ErrorCode::TensorNotIndexed,
              {"embed_tokens.weight", first, indexName},
              [](TinyModel &model, const TempDirectory &directory) {
                nlohmann::json index = indexOf(model);
                index["weight_map"].erase(model.tensors[0].name);
                directory.write(indexName, index.dump());
              }),
      sharded("tensor in two shards", ErrorCode::TensorInTwoShards, {"embed_tokens.weight", first, second},
              [](TinyModel &model, const TempDirectory &directory) {
                directory.write(second, fileBytes({model.tensors[0], model.tensors.back()}));
              }),
      {"no weights at all",
       ErrorCode::CheckpointMissing,
       {"model.safetensors", indexName},
       [](TinyModel &, const TempDirectory &directory) {
         std::filesystem::remove(directory.file("model.safetensors"));
       }},
      {"weights are a directory",
       ErrorCode::NotARegularFile,
       {"model.safetensors"},
       [](TinyModel &, const TempDirectory &directory) {
         std::filesystem::remove(directory.file("model.safetensors"));
         std::filesystem::create_directory(directory.file("model.safetensors"));
       }},
  };
}

} // namespace

std::vector<MalformedCase> indexCases() {
  std::vector<MalformedCase> all = indexTextCases();
  std::vector<MalformedCase> shards = shardCases();
  all.insert(all.end(), shards.begin(), shards.end());
  return all;
}

} // namespace lapidary::test
