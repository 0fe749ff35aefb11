// The small vocabularies of datasets/goldens/text, for tests.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/model/gguf.h"
#include "engine/model/text.h"
#include "engine/model/text/sentence_piece.h"

namespace kvproof {

inline std::string golden_text_path(const std::string& name) { return std::string(KVPROOF_TEXT_GOLDENS) + "/" + name; }

inline std::string bytes_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// As much of a configuration as a tokenizer asks for.
inline ModelConfig config_of_vocabulary(std::int64_t tokens) {
  ModelConfig config;
  config.vocab = tokens;
  return config;
}

inline std::int64_t golden_tokens(const std::string& gguf) {
  const GgufFile file = GgufFile::open(golden_text_path(gguf));
  return std::int64_t(std::get<GgufArray>(*file.metadata().find("tokenizer.ggml.tokens")).size());
}

// Of a GGUF file, or of a .model, which is put into `folder` as the one of a checkpoint.
inline std::unique_ptr<Tokenizer> golden_tokenizer(const std::string& name, const std::string& folder) {
  if (name.ends_with(".gguf")) return tokenizer_of(golden_text_path(name), config_of_vocabulary(golden_tokens(name)));
  std::filesystem::copy_file(golden_text_path(name), folder + "/tokenizer.model",
                             std::filesystem::copy_options::overwrite_existing);
  return tokenizer_of(folder, config_of_vocabulary(512));
}

}  // namespace kvproof
