// What one file of generators/ defines: a kind of synthetic K/V. To add one, add a file; nothing
// else changes but the table in README.md.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/random.h"
#include "engine/base/units.h"

namespace kvproof {

// One stream to be filled: a KV head of one batch row and the G query heads that read it. All rows
// are zero at first. Attention will multiply scores by 1/sqrt(D).
struct StreamData {
  int stream;
  std::int64_t tokens;  // N
  int group, d, dv;     // G, D, Dv
  std::span<float> q;   // [G,N,D]
  std::span<float> k;   // [N,D]
  std::span<float> v;   // [N,Dv]
  // Only for generators with answers:
  std::span<float> answer;  // [G,Dv], the output of the last query; otherwise empty
  Position needle = 0;      // where the answer stands

  // The rows of one token.
  std::span<float> query(int head, Position n) const {
    return q.subspan(std::size_t((head * tokens + n) * d), std::size_t(d));
  }
  std::span<float> key(Position n) const { return k.subspan(std::size_t(n * d), std::size_t(d)); }
  std::span<float> value(Position n) const { return v.subspan(std::size_t(n * dv), std::size_t(dv)); }
};

enum class Answers { kNone, kLastQuery };

struct Generator {
  const char* name;                    // the file's stem; what --data takes
  const char* summary;                 // what the data is
  const char* reveals;                 // the kind of fault that it shows
  Answers answers = Answers::kNone;    // whether fill writes `answer` and `needle`
  void (*fill)(StreamData&, Random&);  // writes one stream; called for several streams at once
};

namespace generators {

// All of them, by name.
std::span<const Generator* const> all();

}  // namespace generators
}  // namespace kvproof
