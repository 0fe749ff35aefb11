// START HERE: what one trial of a law is, as plain data. The same Case gives the same verdict, on any machine and for
// any number of threads. A counterexample is a Case in a file; see replay_file.h.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/geometry.h"
#include "engine/tensor/dtype.h"

namespace kvproof {

// One operation on a cache of `seen` tokens. Every operation is defined in every state, so that a list of them stays
// meaningful when others are deleted from it. Laws of one cache drive a Rig (rig.h), laws of several a World (world.h).
enum class OpKind {
  kStep,         // step N        attends and takes N tokens
  kAppend,       // append N      takes N tokens, no queries
  kDecode,       // decode N      N steps of one token each
  kStepAll,      // step all N    a step of N tokens of every live cache in one call of step_many; of one cache: step N
  kAsk,          // ask           asks the last position again; nothing on an empty cache
  kTruncate,     // truncate N    to min(N, seen)
  kFork,         // fork          a World: one more live cache, behind the last; nothing if kMostLive live
                 //               a Rig: goes on with the fork; the original takes one more token and is dropped
  kDrop,         // drop          the cache is gone, those behind it move up; nothing if no other lives
  kReset,        // reset
  kReloadFresh,  // reload fresh  saves, goes on with a fresh object that loaded the bytes
  kReloadDirty,  // reload dirty  the same with an object that held other tokens
  kSave,         // save          keeps what save() writes; the case has one such record
  kLoadFresh,    // load fresh    goes on with a fresh object that loaded the record; nothing if there is none
  kLoadDirty     // load dirty    loads the record into the cache as it stands
};
inline constexpr int kOpKinds = 14;
inline constexpr int kMostLive = 5;  // caches of one World

struct Operation {
  OpKind kind = OpKind::kStep;
  std::int64_t n = 0;
  int cache = 0;  // which live cache, modulo their number; a Rig has one

  friend bool operator==(const Operation&, const Operation&) = default;
};

bool takes_count(OpKind kind);
bool takes_tokens(OpKind kind);
bool names_cache(OpKind kind);                        // all but step all
std::string str(const Operation& op);                 // "step 4", "reload dirty @2"
bool parse_op(std::string_view text, Operation& op);  // false: not an operation
// The same with each `decode N` as N operations `step 1`, for laws that look at the cache before every query.
std::vector<Operation> spelled_out(const std::vector<Operation>& operations);

enum class MaskKind { kNone, kBool, kAdditive };

struct Case {
  std::string law;
  std::string strategy;  // canonical spec; empty where the law speaks of the engine
  Geometry geometry;
  std::string values = "gaussian";  // a generator, or "FILE#LAYER" (also "tiny-gemma#0")
  std::uint64_t seed = 1;           // of the values and of an explicit mask
  int threads = 1;
  DType dtype = DType::kF32;  // of q, k, v and out
  float scale = 0;            // as in Step
  float softcap = 0;
  MaskKind mask = MaskKind::kNone;
  bool causal = true;
  std::vector<Operation> operations;

  // What all operations together append, in a World or a Rig: at most.
  std::int64_t tokens() const;
  friend bool operator==(const Case&, const Case&) = default;
};

// Thrown where a case asks for data that cannot be had: no fault of the subject.
struct BadCase : Error {
  using Error::Error;
};

// A set of enumerators, to be written as {Kind::kA, Kind::kB}.
template <class E>
class EnumSet {
 public:
  constexpr EnumSet() = default;
  constexpr EnumSet(std::initializer_list<E> all) {
    for (const E e : all) bits_ |= 1u << unsigned(e);
  }
  constexpr bool has(E e) const { return bits_ >> unsigned(e) & 1u; }

 private:
  unsigned bits_ = 0;
};

// The lines of a Case, one field a line, then its operations; each ends with a newline.
std::string str(const Case& c);
// Reads what str writes, ignoring empty lines and lines that begin with '#'. Throws Error(kMalformed) naming the line;
// sizes are checked, so that no text makes a feed larger than 256 MiB or an oracle slower than about a minute.
Case parse_case(std::string_view text);

}  // namespace kvproof
