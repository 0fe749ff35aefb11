#include "properties/support/isolate.h"

#include <nlohmann/json.hpp>

#include "engine/base/check.h"

namespace kvproof {
namespace {

using nlohmann::json;

// CBOR, because a subject's messages may hold any bytes.
std::string bytes_of(const json& value) {
  std::string bytes;
  json::to_cbor(value, bytes);
  return bytes;
}

json json_of(const Error& error) { return {{"error", error.what()}, {"code", int(error.code())}}; }

// Reads with `read` what a child wrote; the child may have been broken by the subject in any way.
template <class Read>
auto read_bytes(const std::string& bytes, Read read) {
  try {
    const json value = json::from_cbor(bytes);
    if (value.contains("error")) {
      throw Error(ErrorCode(value.at("code").get<int>()), value.at("error").get<std::string>());
    }
    return read(value);
  } catch (const json::exception& error) {
    throw Error(ErrorCode::kMalformed, std::string("a process gave an answer that cannot be read: ") + error.what());
  }
}

json json_of(const Events& e) { return {e.wraps, e.growths, e.flushes, e.refusals, e.evictions}; }

Events events_of(const json& j) { return {j.at(0), j.at(1), j.at(2), j.at(3), j.at(4)}; }

json json_of(const std::optional<Counterexample>& found) {
  if (!found) return nullptr;
  const std::string text = str(found->example);
  KVPROOF_CHECK(parse_case(text) == found->example);
  return {{"case", text},
          {"message", found->message},
          {"expected", found->expected},
          {"actual", found->actual},
          {"picture", found->picture},
          {"end", int(found->end)}};
}

std::optional<Counterexample> counterexample_of(const json& j) {
  if (j.is_null()) return std::nullopt;
  return Counterexample{parse_case(j.at("case").get<std::string>()),
                        j.at("message"),
                        j.at("expected"),
                        j.at("actual"),
                        j.at("picture"),
                        End(j.at("end").get<int>())};
}

json json_of(const Proof& p) {
  return {{"verdict", int(p.verdict)},
          {"cases", p.cases},
          {"events", json_of(p.events)},
          {"seconds", p.seconds},
          {"message", p.message},
          {"refutation", json_of(p.refutation)},
          {"cases_to_failure", p.cases_to_failure},
          {"seconds_to_failure", p.seconds_to_failure},
          {"simplifications", p.simplifications}};
}

Proof proof_of(const json& j) {
  Proof p;
  p.verdict = Proof::Verdict(j.at("verdict").get<int>());
  p.cases = j.at("cases");
  p.events = events_of(j.at("events"));
  p.seconds = j.at("seconds");
  p.message = j.at("message");
  p.refutation = counterexample_of(j.at("refutation"));
  p.cases_to_failure = j.at("cases_to_failure");
  p.seconds_to_failure = j.at("seconds_to_failure");
  p.simplifications = j.at("simplifications");
  return p;
}

std::string tried_as_bytes(const Law& law, const Case& c) {
  try {
    Witness witness;
    const std::optional<Counterexample> broken = refute(law, c, witness);
    return bytes_of(
        {{"broken", json_of(broken)}, {"comparisons", witness.comparisons()}, {"events", json_of(witness.events())}});
  } catch (const Error& error) {
    return bytes_of(json_of(error));
  }
}

Tried tried_of(const json& j) {
  Tried tried;
  tried.broken = counterexample_of(j.at("broken"));
  tried.witness.compared(j.at("comparisons"));
  tried.witness.met(events_of(j.at("events")));
  return tried;
}

}  // namespace

Tried refute_in_child(const Law& law, const Case& c, const Patience& patience) {
  const Ending ending = run_in_child([&] { return tried_as_bytes(law, c); }, patience);
  Tried tried;
  if (ending.answer) {
    tried = read_bytes(*ending.answer, &tried_of);
  } else {
    tried.broken = Counterexample{c, ending.trouble, "an answer or a refusal", "none", "", End::kDeath};
  }
  tried.hung = ending.hung;
  tried.output = ending.output;
  return tried;
}

std::string proof_as_bytes(const std::function<Proof()>& prove) {
  try {
    return bytes_of(json_of(prove()));
  } catch (const Error& error) {
    return bytes_of(json_of(error));
  }
}

Proof proof_from_bytes(const std::string& bytes) { return read_bytes(bytes, &proof_of); }

}  // namespace kvproof
