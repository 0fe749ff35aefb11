#include "reports/model_html.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <vector>

#include "reports/text.h"

namespace kvproof::report {
namespace {

using Cells = std::vector<const ModelCost*>;

constexpr const char* kDecodeColumns =
    "<th>caches</th><th>model</th><th>T</th><th>threads</th><th>tokens/s</th><th>speed-up</th><th>cache</th>"
    "<th>logit error</th><th>of the limit</th>";

template <class Text>
std::string cell(const std::optional<double>& value, Text text) {
  return fmt::format("<td>{}</td>", value ? text(*value) : "");
}

// The cells of one quantity, as they came; of decoding, the longer texts last and the fastest first.
Cells cells_of(const Data& data, const std::string& quantity) {
  Cells cells;
  for (const ModelCost& c : data.models) {
    if (c.quantity == quantity) cells.push_back(&c);
  }
  if (quantity == "decode") {
    std::ranges::stable_sort(cells, [](const ModelCost* a, const ModelCost* b) {
      return std::tie(a->model, a->threads, a->T, a->median_ns) < std::tie(b->model, b->threads, b->T, b->median_ns);
    });
  }
  return cells;
}

std::string table_of(const std::string& columns, const std::string& rows) {
  return R"(<div class="box" tabindex="0"><table><thead><tr>)" + columns + "</tr></thead><tbody>\n" + rows +
         "</tbody></table></div>\n";
}

std::string decode_row(const ModelCost& c) {
  const auto times = [](double ratio) { return times_text(1 / ratio); };
  const auto error = [](double value) { return value == 0 ? std::string("same bits") : fmt::format("{:.2g}", value); };
  return fmt::format("<tr><th>{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td>{}<td>{}</td>{}{}</tr>\n",
                     spec_html(c.caches), escape(c.model), grouped(c.T), c.threads, significant(1e9 / c.median_ns),
                     cell(c.ratio_to_unfused, times), bytes_text(double(c.cache_bytes)), cell(c.logit_error, error),
                     cell(c.fraction_of_limit, percent_text));
}

std::string load_row(const ModelCost& c) {
  return fmt::format("<tr><th>{}</th><td>{}</td><td>{}</td><td>{}</td>{}{}</tr>\n", escape(c.model),
                     c.residency == "cold" ? "cold" : "cached", bytes_text(double(c.weight_bytes)),
                     time_text(c.median_ns), cell(c.ratio_to_read, times_text), cell(c.peak_ratio, times_text));
}

}  // namespace

std::string models_html(const Data& data) {
  if (data.models.empty()) return {};
  std::string longest, others, loaded;
  const Cells decoded = cells_of(data, "decode");
  for (const ModelCost* c : decoded) {
    const bool is_last = std::ranges::none_of(decoded, [&](const ModelCost* other) {
      return other->model == c->model && (other->T > c->T || other->threads < c->threads);
    });
    (is_last ? longest : others) += decode_row(*c);
  }
  for (const ModelCost* c : cells_of(data, "load")) loaded += load_row(*c);
  std::string out = R"(<section id="models"><h2>Models</h2><h3>What each cache makes of a whole model</h3>)"
                    R"(<p class="lead">Time per token of a checkpoint, interleaved with the same model unfused: its )"
                    "caches concatenate and attention stands apart. The logits were compared first: the largest "
                    "difference, over what is above 1. The limit is the time to read weights and caches once.</p>\n";
  if (!longest.empty()) out += table_of(kDecodeColumns, longest);
  if (!others.empty()) {
    out += R"(<details class="more"><summary>Other lengths and threads</summary>)" + table_of(kDecodeColumns, others) +
           "</details>\n";
  }
  if (!loaded.empty()) {
    out += table_of(
        "<th>loaded</th><th>file</th><th>weights</th><th>time</th><th>to reading it</th>"
        "<th>peak memory to weights and caches</th>",
        loaded);
  }
  return out + "</section>\n";
}

}  // namespace kvproof::report
