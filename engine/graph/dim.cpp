#include "engine/graph/dim.h"

#include <algorithm>
#include <functional>

#include "engine/base/error.h"

namespace kvproof {
namespace {

using Terms = std::vector<Dim::Term>;

constexpr std::size_t kMaxTerms = 4096;
constexpr std::size_t kMaxText = 8192;  // characters of all factors: bounds degree and nesting, too

[[noreturn]] void overflow() { throw Error(ErrorCode::kMalformed, "a dimension leaves 64 bits"); }

std::int64_t added(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) overflow();
  return sum;
}
std::int64_t multiplied(std::int64_t a, std::int64_t b) {
  std::int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) overflow();
  return product;
}
std::int64_t divided(std::int64_t a, std::int64_t b) {
  if (b == 0) throw Error(ErrorCode::kMalformed, "a dimension is divided by zero");
  if (b == -1) return multiplied(a, -1);
  return a / b;
}

bool same(const Dim::Monomial& a, const Dim::Monomial& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x->text == y->text; });
}

// Higher degrees first, then by text.
bool precedes(const Dim::Monomial& a, const Dim::Monomial& b) {
  if (a.size() != b.size()) return a.size() > b.size();
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](const auto& x, const auto& y) { return x->text < y->text; });
}

Terms canonical(Terms terms) {
  std::sort(terms.begin(), terms.end(),
            [](const Dim::Term& a, const Dim::Term& b) { return precedes(a.factors, b.factors); });
  Terms merged;
  for (Dim::Term& t : terms) {
    if (!merged.empty() && same(merged.back().factors, t.factors)) {
      merged.back().coefficient = added(merged.back().coefficient, t.coefficient);
      if (merged.back().coefficient == 0) merged.pop_back();
    } else if (t.coefficient != 0) {
      merged.push_back(std::move(t));
    }
  }
  if (merged.size() > kMaxTerms) throw Error(ErrorCode::kMalformed, "a dimension has more than 4096 terms");
  std::size_t text = 0;
  for (const Dim::Term& t : merged) {
    for (const auto& factor : t.factors) text += factor->text.size();
  }
  if (text > kMaxText) throw Error(ErrorCode::kMalformed, "a dimension has more than 8192 characters");
  return merged;
}

Dim::Monomial product(const Dim::Monomial& a, const Dim::Monomial& b) {
  Dim::Monomial all(a.size() + b.size());
  std::merge(a.begin(), a.end(), b.begin(), b.end(), all.begin(),
             [](const auto& x, const auto& y) { return x->text < y->text; });
  return all;
}

// a / b where b divides a, factor by factor.
std::optional<Dim::Monomial> quotient(Dim::Monomial a, const Dim::Monomial& b) {
  for (const auto& factor : b) {
    const auto at = std::find_if(a.begin(), a.end(), [&](const auto& x) { return x->text == factor->text; });
    if (at == a.end()) return std::nullopt;
    a.erase(at);
  }
  return a;
}

// Where a term stands in a sum: its sign is an operator unless it comes first.
struct Place {
  bool subtracted;
  std::string number;  // the coefficient as it prints there, empty where it goes without saying
};

Place place_of(const Dim::Term& t, bool first) {
  Place place{t.coefficient < 0 && !first, std::to_string(t.coefficient)};
  if (place.subtracted) place.number.erase(0, 1);
  if (place.number == "1" && !t.factors.empty()) place.number.clear();
  return place;
}

std::string in_parentheses(const Dim& d) {
  const bool one_factor = d.terms().size() == 1 && d.terms()[0].coefficient == 1 && d.terms()[0].factors.size() == 1;
  return d.integer() || one_factor ? d.str() : "(" + d.str() + ")";
}

bool is_identifier(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || digit(c); });
}

}  // namespace

Dim::Dim(std::int64_t value) {
  if (value != 0) terms_.push_back({{}, value});
}

Dim::Dim(std::vector<Term> terms) : terms_(canonical(std::move(terms))) {}

Dim Dim::of(std::shared_ptr<const Factor> factor) { return Dim(Terms{{{std::move(factor)}, 1}}); }

Dim Dim::symbol(std::string_view name) {
  if (!is_identifier(name)) {
    throw Error(ErrorCode::kMalformed, "'" + std::string(name.substr(0, 80)) + "' is no name of a symbol");
  }
  return of(std::make_shared<const Factor>(Factor{Factor::Kind::kSymbol, std::string(name), {}, {}}));
}

Dim operator+(const Dim& a, const Dim& b) {
  Terms all = a.terms_;
  all.insert(all.end(), b.terms_.begin(), b.terms_.end());
  return Dim(std::move(all));
}

Dim operator-(const Dim& a, const Dim& b) { return a + b * -1; }

Dim operator*(const Dim& a, const Dim& b) {
  if (a.terms_.size() * b.terms_.size() > kMaxTerms) {
    throw Error(ErrorCode::kMalformed, "a dimension has more than 4096 terms");
  }
  Terms all;
  for (const Dim::Term& x : a.terms_) {
    for (const Dim::Term& y : b.terms_) {
      all.push_back({product(x.factors, y.factors), multiplied(x.coefficient, y.coefficient)});
    }
  }
  return Dim(std::move(all));
}

Dim operator/(const Dim& a, const Dim& b) {
  const std::optional<std::int64_t> x = a.integer(), y = b.integer();
  if (x && y) return Dim(divided(*x, *y));
  if (b.is(0)) throw Error(ErrorCode::kMalformed, "a dimension is divided by zero");
  if (a == b) return Dim(1);
  if (b.terms_.size() == 1) {
    const Dim::Term& by = b.terms_[0];
    Terms all;
    for (const Dim::Term& t : a.terms_) {
      const auto rest = quotient(t.factors, by.factors);
      if (!rest || t.coefficient % by.coefficient != 0) break;
      all.push_back({*rest, divided(t.coefficient, by.coefficient)});
    }
    if (all.size() == a.terms_.size()) return Dim(std::move(all));
  }
  const std::string text = "(" + in_parentheses(a) + "/" + in_parentheses(b) + ")";
  return Dim::of(std::make_shared<const Dim::Factor>(Dim::Factor{Dim::Factor::Kind::kQuotient, text, a, b}));
}

namespace {

std::string call_text(const char* name, const Dim& a, const Dim& b) {
  return std::string(name) + "(" + a.str() + ", " + b.str() + ")";
}

}  // namespace

Dim min(const Dim& a, const Dim& b) {
  if (const auto gap = (a - b).integer()) return *gap <= 0 ? a : b;
  const bool ordered = a.str() < b.str();
  const Dim &x = ordered ? a : b, &y = ordered ? b : a;
  return Dim::of(
      std::make_shared<const Dim::Factor>(Dim::Factor{Dim::Factor::Kind::kMin, call_text("min", x, y), x, y}));
}

Dim max(const Dim& a, const Dim& b) {
  if (const auto gap = (a - b).integer()) return *gap >= 0 ? a : b;
  const bool ordered = a.str() < b.str();
  const Dim &x = ordered ? a : b, &y = ordered ? b : a;
  return Dim::of(
      std::make_shared<const Dim::Factor>(Dim::Factor{Dim::Factor::Kind::kMax, call_text("max", x, y), x, y}));
}

bool operator==(const Dim& a, const Dim& b) {
  return std::equal(a.terms_.begin(), a.terms_.end(), b.terms_.begin(), b.terms_.end(),
                    [](const Dim::Term& x, const Dim::Term& y) {
                      return x.coefficient == y.coefficient && same(x.factors, y.factors);
                    });
}

std::optional<std::int64_t> Dim::integer() const {
  if (terms_.empty()) return 0;
  if (terms_.size() == 1 && terms_[0].factors.empty()) return terms_[0].coefficient;
  return std::nullopt;
}

std::optional<std::string> Dim::bare_symbol() const {
  if (terms_.size() != 1 || terms_[0].coefficient != 1 || terms_[0].factors.size() != 1) return std::nullopt;
  const Factor& factor = *terms_[0].factors[0];
  return factor.kind == Factor::Kind::kSymbol ? std::optional(factor.text) : std::nullopt;
}

std::set<std::string> Dim::symbols() const {
  std::set<std::string> all;
  for (const Term& t : terms_) {
    for (const auto& f : t.factors) {
      if (f->kind == Factor::Kind::kSymbol) {
        all.insert(f->text);
        continue;
      }
      all.merge(f->a.symbols());
      all.merge(f->b.symbols());
    }
  }
  return all;
}

Dim Dim::substitute(const Substitution& with) const {
  const std::function<Dim(const Factor&)> replaced = [&](const Factor& f) -> Dim {
    switch (f.kind) {
      case Factor::Kind::kSymbol: {
        const auto found = with.find(f.text);
        return found == with.end() ? symbol(f.text) : found->second;
      }
      case Factor::Kind::kQuotient:
        return f.a.substitute(with) / f.b.substitute(with);
      case Factor::Kind::kMin:
        return min(f.a.substitute(with), f.b.substitute(with));
      case Factor::Kind::kMax:
        return max(f.a.substitute(with), f.b.substitute(with));
    }
    return {};
  };
  Dim sum;
  for (const Term& t : terms_) {
    Dim term = t.coefficient;
    for (const auto& f : t.factors) term = term * replaced(*f);
    sum = sum + term;
  }
  return sum;
}

std::int64_t Dim::evaluate(const Bindings& bindings) const {
  const auto factor = [&](const Factor& f) {
    switch (f.kind) {
      case Factor::Kind::kSymbol: {
        const auto found = bindings.find(f.text);
        if (found != bindings.end()) return found->second;
        throw Error(ErrorCode::kUsage, "the symbol '" + f.text + "' of the dimension " + str() + " has no value");
      }
      case Factor::Kind::kQuotient:
        return divided(f.a.evaluate(bindings), f.b.evaluate(bindings));
      case Factor::Kind::kMin:
        return std::min(f.a.evaluate(bindings), f.b.evaluate(bindings));
      case Factor::Kind::kMax:
        break;
    }
    return std::max(f.a.evaluate(bindings), f.b.evaluate(bindings));
  };
  std::int64_t sum = 0;
  for (const Term& t : terms_) {
    std::int64_t product = t.coefficient;
    for (const auto& f : t.factors) product = multiplied(product, factor(*f));
    sum = added(sum, product);
  }
  return sum;
}

std::string Dim::str() const {
  if (terms_.empty()) return "0";
  std::string text;
  for (const Term& t : terms_) {
    const auto [subtracted, number] = place_of(t, text.empty());
    if (!text.empty()) text += subtracted ? " - " : " + ";
    text += number;
    bool starred = !number.empty();
    for (const auto& f : t.factors) {
      text += (starred ? "*" : "") + f->text;
      starred = true;
    }
  }
  return text;
}

std::string Dim::nested() const {
  const auto factor_text = [](const Factor& f) {
    const std::string a = f.a.nested(), b = f.b.nested();
    switch (f.kind) {
      case Factor::Kind::kSymbol:
        return f.text;
      case Factor::Kind::kQuotient:
        return "(" + a + " / " + b + ")";
      case Factor::Kind::kMin:
        return "min(" + a + ", " + b + ")";
      case Factor::Kind::kMax:
        return "max(" + a + ", " + b + ")";
    }
    return std::string();
  };
  if (terms_.empty()) return "0";
  std::string sum;
  for (const Term& t : terms_) {
    const auto [subtracted, number] = place_of(t, sum.empty());
    std::string term = number;
    for (const auto& f : t.factors) {
      term = term.empty() ? factor_text(*f) : "(" + term + " * " + factor_text(*f) + ")";
    }
    sum = sum.empty() ? term : "(" + sum + (subtracted ? " - " : " + ") + term + ")";
  }
  return sum;
}

// With every bare symbol s that is known to be at least b written as b + s', s' >= 0, a dim whose coefficients are all
// at least 0 is. A fact about a sum is used as a whole: what is left after it has been subtracted must be such a dim.
bool Assumptions::implies_at_least(const Dim& a, const Dim& b) const {
  Bindings bounds;  // the best of each symbol
  for (const Dim& fact : nonnegative_) {
    const auto names = fact.symbols();
    if (names.size() != 1) continue;
    const auto bound = (Dim::symbol(*names.begin()) - fact).integer();
    if (!bound) continue;
    const auto at = bounds.try_emplace(*names.begin(), *bound).first;
    at->second = std::max(at->second, *bound);
  }
  Substitution shifted;
  for (const auto& [name, bound] : bounds) shifted.emplace(name, Dim::symbol(name) + bound);
  const auto plainly_nonnegative = [&](const Dim& dim) {
    const Dim from_zero = dim.substitute(shifted);
    return std::all_of(from_zero.terms().begin(), from_zero.terms().end(), [&](const Dim::Term& t) {
      return t.coefficient > 0 && std::all_of(t.factors.begin(), t.factors.end(), [&](const auto& f) {
               return f->kind == Dim::Factor::Kind::kSymbol && bounds.count(f->text) > 0;
             });
    });
  };
  const Dim gap = a - b;
  if (plainly_nonnegative(gap)) return true;
  return std::any_of(nonnegative_.begin(), nonnegative_.end(),
                     [&](const Dim& fact) { return plainly_nonnegative(gap - fact); });
}

}  // namespace kvproof
