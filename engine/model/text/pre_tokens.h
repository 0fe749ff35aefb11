// Where a text is cut before its pieces are merged: the regular expressions of byte-level vocabularies.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kvproof {

class PreTokenizer {
 public:
  // `name` is a value of tokenizer.ggml.pre. Null if it is none of pre_tokenizer_names().
  static std::unique_ptr<PreTokenizer> find(std::string_view name);
  ~PreTokenizer();
  PreTokenizer(const PreTokenizer&) = delete;
  PreTokenizer& operator=(const PreTokenizer&) = delete;

  // Pieces of `text`, which together are all of it. Bytes that are no UTF-8 are pieces by themselves. Throws
  // Error(kResource) if the library of regular expressions gives up.
  std::vector<std::string_view> split(std::string_view text) const;

 private:
  struct Patterns;
  explicit PreTokenizer(std::unique_ptr<Patterns> patterns);
  const std::unique_ptr<Patterns> patterns_;
};

std::string pre_tokenizer_names();  // "gpt-2, default, ..."

}  // namespace kvproof
