#include "benches/support/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace kvproof {
namespace {

using nlohmann::json;

std::string text_of(const json& line, const char* field) { return line[field].get<std::string>(); }

constexpr std::size_t kColumns = 11;
using Row = std::array<std::string, kColumns>;
constexpr std::size_t kTextColumns = 4;  // the first few are set left, numbers right

std::string duration(double ns) {
  if (ns < 1e3) return fmt::format("{:.0f} ns", ns);
  if (ns < 1e6) return fmt::format("{:.3g} us", ns / 1e3);
  return fmt::format("{:.4g} ms", ns / 1e6);
}

std::string bytes(std::size_t n) {
  if (n < std::size_t(1) << 20) return fmt::format("{:.1f} KiB", double(n) / 1024);
  return fmt::format("{:.1f} MiB", double(n) / (1024 * 1024));
}

// `format` applied to a field times a factor, or a dash where the cell has no such field.
std::string optional_number(const json& line, const char* field, const char* format, double factor = 1) {
  if (!line.contains(field)) return "-";
  return fmt::format(fmt::runtime(format), line[field].get<double>() * factor);
}

std::string shape(const json& line) {
  const json& s = line["shape"];
  return fmt::format("{}x{}/{}x{}", s["B"].get<int>(), s["Hq"].get<int>(), s["Hkv"].get<int>(), s["D"].get<int>());
}

Row row_of(const json& line) {
  const std::string strategy = text_of(line, "strategy");
  if (text_of(line, "kind") == "memory") {
    const std::size_t live = line["payload_bytes"].get<std::size_t>() + line["metadata_bytes"].get<std::size_t>();
    return {"memory", strategy, shape(line), "-", std::to_string(line["T"].get<std::int64_t>()), "-", bytes(live),
            "-",      "-",      "-",         "-"};
  }
  const std::string quantity = text_of(line, "quantity");
  const char* const size = quantity == "prefill" ? "S" : quantity == "rewriting" ? "nodes" : "T";
  const std::string speed_up =
      line.contains("ratio_to_concat") ? fmt::format("{:.4g}x", 1 / line["ratio_to_concat"].get<double>()) : "-";
  return {quantity,
          strategy,
          shape(line),
          text_of(line, "residency"),
          std::to_string(line[size].get<std::int64_t>()),
          std::to_string(line["threads"].get<int>()),
          duration(line["median"].get<double>()),
          speed_up,
          optional_number(line, "ratio_to_memcpy", "{:.2f}x"),
          optional_number(line, "gbps", "{:.1f}"),
          optional_number(line, "fraction_of_limit", "{:.0f} %", 100)};
}

}  // namespace

void print_table(std::span<const json> lines) {
  std::vector<Row> rows = {{"quantity", "strategy", "BxHq/HkvxD", "caches", "tokens or nodes", "threads", "median",
                            "faster than concat", "of memcpy", "GB/s", "of read limit"}};
  for (const json& line : lines) rows.push_back(row_of(line));
  std::array<std::size_t, kColumns> width{};
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < kColumns; ++i) width[i] = std::max(width[i], row[i].size());
  }
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < kColumns; ++i) {
      const char* const separator = i + 1 < kColumns ? "  " : "\n";
      if (i < kTextColumns)
        fmt::print("{:<{}}{}", row[i], width[i], separator);
      else
        fmt::print("{:>{}}{}", row[i], width[i], separator);
    }
  }
}

}  // namespace kvproof
