#include "properties/support/replay_file.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/base/error.h"
#include "engine/tensor/safetensors.h"
#include "properties/support/expect.h"

namespace kvproof {
namespace {

constexpr std::string_view kFirstLine = "kvproof-replay 1";
constexpr std::uintmax_t kMaxFile = 1 << 20;
constexpr std::size_t kMaxValues = 1 << 20;

// `text` with "# " before each line.
std::string commented(const std::string& text) {
  std::string result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) result += line.empty() ? "#\n" : "# " + line + "\n";
  return result;
}

// The rows that the operations feed, beside the replay file at `path`, for whoever wants to compute with them; what to
// say about it there. The replay itself makes them again from values and seed.
std::string write_values(const std::filesystem::path& path, const Case& c) {
  const Law* law = find_law(c.law);
  if (law && law->subject == LawSubject::kWay)
    return "Model, weights and tokens follow from family, geometry and seed.";
  const std::filesystem::path beside = std::filesystem::path(path).replace_extension(".safetensors");
  std::error_code error;
  std::filesystem::remove(beside, error);  // of an earlier counterexample
  const Geometry& g = c.geometry;
  std::size_t bytes = sizeof(float);
  bool fits = true;
  for (const std::int64_t factor :
       {c.tokens(), std::int64_t(g.batch), std::int64_t(g.q_heads) * g.d + std::int64_t(g.kv_heads) * (g.d + g.dv)}) {
    fits = fits && multiply_sizes(bytes, std::size_t(factor), bytes);
  }
  if (!fits || bytes > kMaxValues) return "Its values take more than 1 MiB and are not written beside it.";
  try {
    const Feed feed(c);
    const std::int64_t rows = c.tokens();
    write_safetensors(beside.string(),
                      {{"q.0", feed.queries(0, rows)}, {"k.0", feed.keys(0, rows)}, {"v.0", feed.values(0, rows)}},
                      {{"scale", number(feed.scale())}});
  } catch (const Error& bad) {
    return std::string("Its values are not written beside it: ") + bad.what();
  }
  return "Its values stand in " + beside.filename().string() +
         ": q.0 [B,Hq,N,D], k.0 [B,Hkv,N,D], v.0 [B,Hkv,N,Dv]; the k-th token that is appended takes row k.";
}

}  // namespace

std::string replay_text(const Counterexample& counterexample) {
  std::string text = std::string(kFirstLine) + "\n" + commented(counterexample.message);
  if (!counterexample.expected.empty()) text += commented("expected  " + counterexample.expected);
  if (!counterexample.actual.empty()) text += commented("actual    " + counterexample.actual);
  if (!counterexample.picture.empty()) text += "#\n" + commented(counterexample.picture);
  return text + "\n" + str(counterexample.example);
}

std::string write_replay(const std::string& folder, const Counterexample& counterexample) {
  const Case& c = counterexample.example;
  const std::string strategy = c.strategy.empty() ? "engine" : c.strategy.substr(0, c.strategy.find(':'));
  const std::filesystem::path path = std::filesystem::path(folder) / (c.law + "." + strategy + ".txt");
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const std::string text = replay_text(counterexample) + "\n" + commented(write_values(path, c));
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) throw Error(ErrorCode::kIo, "cannot write " + path.string());
  return path.string();
}

Case parse_replay(const std::string& text, const std::string& label) {
  try {
    if (text.compare(0, kFirstLine.size(), kFirstLine) != 0) {
      throw Error(ErrorCode::kMalformed, "is no replay file: the first line must be '" + std::string(kFirstLine) + "'");
    }
    const std::size_t end = text.find('\n');
    if (end != kFirstLine.size()) throw Error(ErrorCode::kMalformed, "line 1: of another format version");
    Case c = parse_case(std::string_view(text).substr(end));
    const Law* law = find_law(c.law);
    if (!law) throw Error(ErrorCode::kUsage, "law '" + c.law + "': unknown; `kvproof verify --list` names them");
    if ((law->subject == LawSubject::kEngine) != c.strategy.empty()) {
      throw Error(ErrorCode::kMalformed, law->subject == LawSubject::kEngine
                                             ? "the law speaks of the engine and takes no strategy; write '-'"
                                             : "the case names no strategy");
    }
    if (law->subject == LawSubject::kStrategy) c.strategy = canonical_spec(parse_spec(c.strategy));
    return c;
  } catch (const Error& error) {
    throw Error(error.code(), label + ": " + error.what());
  }
}

Case read_replay(const std::string& path) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) throw Error(ErrorCode::kNotFound, path + ": no such file, or not a regular one");
  if (size > kMaxFile) throw Error(ErrorCode::kMalformed, path + ": larger than 1 MiB, which no replay file is");
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) throw Error(ErrorCode::kIo, "cannot read " + path);
  return parse_replay(text.str(), path);
}

}  // namespace kvproof
