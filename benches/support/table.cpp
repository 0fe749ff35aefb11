#include "benches/support/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace kvproof {
namespace {

using nlohmann::json;

std::string text_of(const json& line, const char* field) { return line[field].get<std::string>(); }

using Row = std::vector<std::string>;
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

Row model_row(const json& line) {
  const auto mebibytes = [&](const char* field) { return bytes(line[field].get<std::size_t>()); };
  const std::string limit = line.contains("ratio_to_read")
                                ? optional_number(line, "ratio_to_read", "{:.2f}x read")
                                : optional_number(line, "fraction_of_limit", "{:.0f} %", 100);
  const std::string speed_up =
      line.contains("ratio_to_unfused") ? fmt::format("{:.4g}x", 1 / line["ratio_to_unfused"].get<double>()) : "-";
  return {text_of(line, "quantity"),
          text_of(line, "model"),
          text_of(line, "caches"),
          text_of(line, "residency"),
          std::to_string(line["T"].get<std::int64_t>()),
          std::to_string(line["threads"].get<int>()),
          duration(line["median"].get<double>()),
          optional_number(line, "tokens_per_second", "{:.0f}"),
          speed_up,
          mebibytes("weight_bytes"),
          mebibytes("cache_bytes"),
          optional_number(line, "gbps", "{:.1f}"),
          limit,
          optional_number(line, "peak_ratio", "{:.2f}x"),
          optional_number(line, "logit_error", "{:.1e}")};
}

void print_rows(const std::vector<Row>& rows) {
  std::vector<std::size_t> width(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  }
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const char* const separator = i + 1 < row.size() ? "  " : "\n";
      if (i < kTextColumns)
        fmt::print("{:<{}}{}", row[i], width[i], separator);
      else
        fmt::print("{:>{}}{}", row[i], width[i], separator);
    }
  }
}

}  // namespace

void print_table(std::span<const json> lines) {
  std::vector<Row> cells = {{"quantity", "strategy", "BxHq/HkvxD", "caches", "tokens or nodes", "threads", "median",
                             "faster than concat", "of memcpy", "GB/s", "of read limit"}};
  std::vector<Row> models = {{"quantity", "model", "caches", "files", "tokens", "threads", "median", "tokens/s",
                              "faster than unfused", "weights", "caches", "GB/s", "of read limit", "peak memory",
                              "logit error"}};
  for (const json& line : lines) {
    const bool is_model = text_of(line, "kind") == "model";
    (is_model ? models : cells).push_back(is_model ? model_row(line) : row_of(line));
  }
  if (cells.size() > 1 || models.size() == 1) print_rows(cells);
  if (models.size() > 1) print_rows(models);
}

}  // namespace kvproof
