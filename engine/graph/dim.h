// A dimension that may not be known yet: an integer expression over named symbols, such as P + S or 2*H.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kvproof {

class Dim;

// What symbols stand for.
using Bindings = std::map<std::string, std::int64_t>;
using Substitution = std::map<std::string, Dim>;

// A sum of products of symbols, with integer coefficients, in one canonical order: two dims that are equal as
// polynomials are equal. What is no polynomial (a quotient that does not come out, a minimum, a maximum) is one factor,
// equal only to itself. Immutable. An operation whose integers leave 64 bits throws Error(kMalformed), as does one
// whose result is absurdly long: a file could double it with every line.
class Dim {
 public:
  Dim() = default;          // 0
  Dim(std::int64_t value);  // NOLINT(google-explicit-constructor): a dimension is an integer most of the time
  // Throws Error(kMalformed) unless `name` is an identifier: a letter or '_', then letters, digits and '_'.
  static Dim symbol(std::string_view name);

  friend Dim operator+(const Dim& a, const Dim& b);
  friend Dim operator-(const Dim& a, const Dim& b);
  friend Dim operator*(const Dim& a, const Dim& b);
  // Towards zero, as C++ divides. Comes out where every coefficient is a multiple of an integer divisor, or where the
  // dividend is a multiple of the divisor. Throws Error(kMalformed) for a division by zero.
  friend Dim operator/(const Dim& a, const Dim& b);
  friend Dim min(const Dim& a, const Dim& b);
  friend Dim max(const Dim& a, const Dim& b);
  friend bool operator==(const Dim& a, const Dim& b);

  // The integer that this is whatever the symbols are.
  std::optional<std::int64_t> integer() const;
  bool is(std::int64_t value) const { return integer() == value; }
  // The name, if this is one bare symbol.
  std::optional<std::string> bare_symbol() const;
  std::set<std::string> symbols() const;

  // With symbols replaced; those that are not named stay.
  Dim substitute(const Substitution& with) const;
  // Throws Error(kUsage) that names a symbol without a value, Error(kMalformed) for an overflow or a division by zero.
  std::int64_t evaluate(const Bindings& bindings) const;

  std::string str() const;  // "P + 2*S - 1"
  // With every operation of two operands in parentheses, as NNEF wants it: "((P + (2 * S)) - 1)".
  std::string nested() const;

  // How it is made, for whoever has to walk it.
  struct Factor;
  using Monomial = std::vector<std::shared_ptr<const Factor>>;  // ascending by text, repeated for powers; empty: 1
  struct Term {
    Monomial factors;
    std::int64_t coefficient;  // never 0
  };
  const std::vector<Term>& terms() const { return terms_; }  // by degree descending, then by text

 private:
  explicit Dim(std::vector<Term> terms);
  static Dim of(std::shared_ptr<const Factor> factor);

  std::vector<Term> terms_;
};

// A symbol, or an operation that has no canonical form.
struct Dim::Factor {
  enum class Kind { kSymbol, kQuotient, kMin, kMax } kind;
  std::string text;  // the symbol's name; else how the operation prints, by which factors are compared
  Dim a, b;          // operands
};

// What is known of symbols: each dim that was added is at least 0.
class Assumptions {
 public:
  void at_least(const Dim& dim, const Dim& bound) { nonnegative_.push_back(dim - bound); }

  // Whether a >= b follows. False says nothing. A symbol of which nothing is known may be anything.
  bool implies_at_least(const Dim& a, const Dim& b) const;
  const std::vector<Dim>& nonnegative() const { return nonnegative_; }

 private:
  std::vector<Dim> nonnegative_;
};

}  // namespace kvproof
