#include "engine/nnef/reader.h"

#include <algorithm>
#include <map>

#include "engine/base/excerpt.h"
#include "engine/nnef/dat.h"
#include "engine/nnef/evaluator.h"
#include "engine/nnef/lexer.h"
#include "engine/nnef/parser.h"
#include "engine/nnef/printer.h"
#include "engine/nnef/stdlib.h"

namespace kvproof {
namespace {

using namespace nnef;

constexpr std::string_view kProperties = "tract_core_properties";
// Registries that tract knows and that have nothing here: a text may name them, and then use none of their operators.
constexpr std::string_view kForeignRegistries[] = {"tract_nnef", "tract_onnx", "tract_pulse", "tract_extra",
                                                   "tract_resource"};

class Reader {
 public:
  explicit Reader(const Archive& archive) : archive_(archive) {}

  ReadModel read() {
    check_files();
    const auto bytes = archive_.bytes("graph.nnef");
    const Document document =
        parse_document(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    Surroundings surroundings;
    surroundings.registries = apply_extensions(document);
    surroundings.fragments = document.fragments;
    surroundings.standard = standard_fragments();
    surroundings.variable = [this](const std::string& label, const Shape& shape) { return variable(label, shape); };
    surroundings.warning = [this](const std::string& text) { warn(text); };
    read_properties(document);
    Evaluator(result_.model, std::move(surroundings)).run(document.graph);
    result_.model.remove_dead();
    warn_of_unused();
    return std::move(result_);
  }

 private:
  void warn(const std::string& text) { result_.warnings.push_back(text); }

  void check_files() {
    for (const std::string& name : archive_.names()) {
      const bool is_packed = name.ends_with(".nnef.tgz") || name.ends_with(".nnef.tar");
      if (is_packed || name.ends_with("/graph.nnef")) {
        throw Error(ErrorCode::kUnsupported,
                    archive_.label() + ": the model inside the model, " + excerpt(name) + ", is not read");
      }
    }
    if (!archive_.has("graph.nnef")) {
      throw Error(ErrorCode::kMalformed, archive_.label() + ": there is no graph.nnef");
    }
    if (archive_.has("graph.quant")) warn("graph.quant is passed over: no quantised type is read");
  }

  // The registries that are enabled.
  std::vector<std::string> apply_extensions(const Document& document) {
    std::vector<std::string> registries;
    for (const Extension& e : document.extensions) {
      if (e.keyword == "tract_registry") {
        const auto foreign = std::find(std::begin(kForeignRegistries), std::end(kForeignRegistries), e.value);
        const bool is_known = is_registry(e.value) || foreign != std::end(kForeignRegistries);
        if (!is_known || e.value.empty()) fail_at(e.at, "unknown registry " + excerpt(e.value));
        registries.push_back(e.value);
      } else if (e.keyword == "tract_symbol") {
        declare(e);
      } else if (e.keyword == "tract_assert") {
        assert_that(e);
      } else {
        warn("the extension " + excerpt(e.keyword) + " is unknown and passed over");
      }
    }
    return registries;
  }

  void declare(const Extension& e) {
    if (!is_plain_identifier(e.value)) fail_at(e.at, "expected the name of a symbol, found " + excerpt(e.value));
    const auto& known = result_.model.symbols();
    if (std::find(known.begin(), known.end(), e.value) != known.end()) {
      warn("the symbol " + e.value + " is declared twice");
    } else {
      result_.model.declare_symbol(e.value);
    }
  }

  // STATEMENT, or SCENARIO: STATEMENT
  void assert_that(const Extension& e) {
    const std::size_t colon = e.value.find(':');
    Assertion assertion{"", e.value};
    if (colon != std::string::npos) {
      assertion.scenario = e.value.substr(0, colon);
      if (!is_plain_identifier(assertion.scenario)) {
        fail_at(e.at, "expected the name of a scenario, found " + excerpt(assertion.scenario));
      }
      const std::size_t begin = e.value.find_first_not_of(" \t\r\n", colon + 1);
      assertion.text = begin == std::string::npos ? "" : e.value.substr(begin);
    }
    try {
      result_.model.add_assertion(assertion);
    } catch (const Error& error) {
      fail_at(e.at, error);
    }
  }

  // properties = [("key", value), ...]; those that say how the text was written are the writer's.
  void read_properties(const Document& document) {
    const auto found = std::find_if(document.fragments.begin(), document.fragments.end(),
                                    [](const Fragment& f) { return f.has_body && f.name == kProperties; });
    if (found == document.fragments.end() || found->body.empty()) return;
    const Expr& list = found->body.front().value;
    if (list.kind != Expr::Kind::kArray) fail_at(list.at, "expected an array of properties");
    for (const Expr& item : list.items) {
      if (item.kind != Expr::Kind::kTuple || item.items.size() != 2 || item.items[0].kind != Expr::Kind::kString) {
        fail_at(item.at, "expected a property as (\"name\", value)");
      }
      const std::string& name = item.items[0].text;
      const Expr& value = item.items[1];
      if (name == "tract_nnef_ser_version" || name == "tract_nnef_format_version") continue;
      result_.model.properties[name] = value.kind == Expr::Kind::kString ? value.text : print(value);
    }
  }

  Constant variable(const std::string& label, const Shape& shape) {
    const std::string name = label + ".dat";
    if (!archive_.has(name)) {
      throw Error(ErrorCode::kNotFound, "the archive has no file " + excerpt(name));
    }
    auto known = variables_.find(name);
    if (known == variables_.end()) {
      known = variables_.emplace(name, read_dat(archive_.bytes(name), name, shape)).first;
    }
    if (known->second.shape() != shape) {
      throw Error(ErrorCode::kMismatch,
                  "the shape is " + shape.str() + " here and " + known->second.shape().str() + " in " + excerpt(name));
    }
    return known->second;
  }

  void warn_of_unused() {
    for (const std::string& name : archive_.names()) {
      if (name.ends_with(".dat") && variables_.count(name) == 0) warn("the file " + excerpt(name) + " is not used");
    }
  }

  const Archive& archive_;
  ReadModel result_;
  std::map<std::string, Constant> variables_;  // what was read, by file
};

}  // namespace

ReadModel read_model(const Archive& archive) { return Reader(archive).read(); }
ReadModel read_model(const std::string& path) { return read_model(read_archive(path)); }

}  // namespace kvproof
