// What a discovery found, for people; see discover.h.
#include <fmt/format.h>

#include <map>

#include "properties/tools/discover.h"

namespace kvproof {
namespace {

std::string first_line(const std::string& text) { return printable(text.substr(0, text.find('\n'))); }

}  // namespace

std::string discovery_text(const Discovery& d) {
  const Shadow& shadow = *d.shadow;
  std::string text = fmt::format("{}: the strongest contract that held\n\n  {}\n\n", shadow.original->name,
                                 shadow.proposal.code(*shadow.original));
  if (d.differences.empty()) text += "It is what the strategy claims now.\n";
  if (!d.differences.empty()) text += "What the strategy claims now is something else:\n";
  for (const std::string& line : d.differences) text += "  held " + line + "\n";
  for (const std::string& note : d.notes) text += "  " + note + "\n";
  text += fmt::format("memory: {}\n", d.memory);
  std::map<std::string, int> counts;
  for (const Outcome& o : d.outcomes) ++counts[word(o.proof.verdict)];
  text += fmt::format("laws with it: {} hold, {} broken, {} refused, {} not claimed\n", counts["pass"], counts["fail"],
                      counts["refused"], counts["not_claimed"]);
  for (const Outcome& o : d.outcomes) {
    if (o.proof.verdict == Proof::Verdict::kPass) text += fmt::format("  holds        {}\n", o.law->name);
  }
  for (const Outcome& o : d.outcomes) {
    if (o.proof.verdict == Proof::Verdict::kNotClaimed) text += fmt::format("  not claimed  {}\n", o.law->name);
    if (o.proof.verdict == Proof::Verdict::kRefused) text += fmt::format("  refused      {}\n", o.law->name);
  }
  for (const Outcome& o : d.outcomes) {
    if (failed(o)) text += fmt::format("  BROKEN       {}: {}\n", o.law->name, first_line(o.proof.message));
  }
  return text;
}

}  // namespace kvproof
