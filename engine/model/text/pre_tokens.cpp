#include "engine/model/text/pre_tokens.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <utility>

#include "engine/base/check.h"
#include "engine/base/error.h"
#include "engine/model/text/utf8.h"

namespace kvproof {
namespace {

// {s} stands for what Unicode calls white space: PCRE2's own \s has U+180E besides, which is none any more.
constexpr std::string_view kSpaces =
    R"(\t-\r\x20\x85\xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";
constexpr std::string_view kPlaceholder = "{s}";

constexpr const char* kGpt2 =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^{s}\p{L}\p{N}]+|[{s}]+(?![^{s}])|[{s}]+)";
constexpr const char* kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^{s}\p{L}\p{N}]+[\r\n]*)"
    R"(|[{s}]*[\r\n]+|[{s}]+(?![^{s}])|[{s}]+)";
constexpr const char* kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^{s}\p{L}\p{N}]+[\r\n]*)"
    R"(|[{s}]*[\r\n]+|[{s}]+(?![^{s}])|[{s}]+)";

// One after the other: each cuts what the one before left.
constexpr std::array<const char*, 1> kOnlyGpt2{kGpt2}, kOnlyLlama3{kLlama3}, kOnlyQwen2{kQwen2};
constexpr std::array<const char*, 4> kDefault{R"([\p{P}$+<=>^~|]+)", kGpt2, R"(\p{N}+)", R"([0-9][0-9][0-9])"};

struct Named {
  std::string_view name;
  std::span<const char* const> patterns;
};
constexpr std::array<Named, 7> kNamed{{{"gpt-2", kOnlyGpt2},
                                       {"default", kDefault},
                                       {"llama-bpe", kOnlyLlama3},
                                       {"llama-v3", kOnlyLlama3},
                                       {"llama3", kOnlyLlama3},
                                       {"qwen2", kOnlyQwen2},
                                       {"deepseek-r1-qwen", kOnlyQwen2}}};

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatch {
  void operator()(pcre2_match_data* match) const { pcre2_match_data_free(match); }
};
struct FreeContext {
  void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
using Code = std::unique_ptr<pcre2_code, FreeCode>;

Code compiled(std::string_view pattern) {
  std::string text(pattern);
  for (std::size_t at; (at = text.find(kPlaceholder)) != std::string::npos;) {
    text.replace(at, kPlaceholder.size(), kSpaces);
  }
  int error = 0;
  PCRE2_SIZE place = 0;
  Code code(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), PCRE2_UTF | PCRE2_UCP, &error, &place,
                          nullptr));
  KVPROOF_CHECK(code);
  return code;
}

// Searches for one pattern, as often as need be.
class Search {
 public:
  explicit Search(const pcre2_code* code)
      : code_(code),
        match_(pcre2_match_data_create_from_pattern(code, nullptr)),
        context_(pcre2_match_context_create(nullptr)) {
    KVPROOF_CHECK(match_ && context_);
    // Steps, not memory: a long run of spaces takes many.
    pcre2_set_match_limit(context_.get(), std::numeric_limits<std::uint32_t>::max());
  }

  // Appends the matches in `text` and what lies between them. REQUIRES: it is UTF-8.
  void cut(std::string_view text, std::vector<std::string_view>& pieces) {
    std::size_t done = 0;
    while (done < text.size() && find(text, done)) {
      const PCRE2_SIZE* found = pcre2_get_ovector_pointer(match_.get());
      KVPROOF_CHECK(found[1] > found[0]);
      if (found[0] > done) pieces.push_back(text.substr(done, found[0] - done));
      pieces.push_back(text.substr(found[0], found[1] - found[0]));
      done = found[1];
    }
    if (done < text.size()) pieces.push_back(text.substr(done));
  }

 private:
  bool find(std::string_view text, std::size_t from) {
    const int result = pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                                   PCRE2_NO_UTF_CHECK, match_.get(), context_.get());
    if (result >= 0) return true;
    if (result == PCRE2_ERROR_NOMATCH) return false;
    throw Error(ErrorCode::kResource,
                "a text of " + std::to_string(text.size()) + " bytes: PCRE2 gives up, error " + std::to_string(result));
  }

  const pcre2_code* code_;
  std::unique_ptr<pcre2_match_data, FreeMatch> match_;
  std::unique_ptr<pcre2_match_context, FreeContext> context_;
};

// How far `text` is, or is not, UTF-8.
std::size_t stretch(std::string_view text, bool valid) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t size = utf8_character(text.substr(at));
    if ((size > 0) != valid) break;
    at += std::max<std::size_t>(size, 1);
  }
  return at;
}

std::vector<std::string_view> cut_by_all(const std::vector<Code>& codes, std::string_view text) {
  std::vector<std::string_view> pieces{text};
  for (const Code& code : codes) {
    Search search(code.get());
    std::vector<std::string_view> finer;
    for (const std::string_view piece : pieces) search.cut(piece, finer);
    pieces = std::move(finer);
  }
  return pieces;
}

}  // namespace

struct PreTokenizer::Patterns {
  std::vector<Code> codes;
};

PreTokenizer::PreTokenizer(std::unique_ptr<Patterns> patterns) : patterns_(std::move(patterns)) {}
PreTokenizer::~PreTokenizer() = default;

std::unique_ptr<PreTokenizer> PreTokenizer::find(std::string_view name) {
  const auto found = std::ranges::find(kNamed, name, &Named::name);
  if (found == kNamed.end()) return nullptr;
  auto patterns = std::make_unique<Patterns>();
  for (const char* pattern : found->patterns) patterns->codes.push_back(compiled(pattern));
  return std::unique_ptr<PreTokenizer>(new PreTokenizer(std::move(patterns)));
}

std::vector<std::string_view> PreTokenizer::split(std::string_view text) const {
  std::vector<std::string_view> result;
  for (bool valid = true; !text.empty(); valid = !valid) {
    const std::string_view part = text.substr(0, stretch(text, valid));
    text.remove_prefix(part.size());
    if (part.empty()) continue;
    const auto pieces = valid ? cut_by_all(patterns_->codes, part) : std::vector{part};
    result.insert(result.end(), pieces.begin(), pieces.end());
  }
  return result;
}

std::string pre_tokenizer_names() {
  std::string names;
  for (const Named& named : kNamed) names += (names.empty() ? "" : ", ") + std::string(named.name);
  return names;
}

}  // namespace kvproof
