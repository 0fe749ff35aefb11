// The model that ships with the project recalls facts planted in its text as often as its card says, whatever holds its
// caches. A fact stands once among other sentences; later the same sentence comes again, and each digit of its code is
// asked for behind the right ones.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/random.h"
#include "engine/graph/session.h"
#include "engine/model/cache_choice.h"
#include "engine/model/checkpoint.h"
#include "engine/model/decoder.h"
#include "engine/model/text.h"

namespace kvproof {
namespace {

constexpr int kDocuments = 24;
constexpr std::size_t kLength = 1024;  // bytes of a document

struct Count {
  int right = 0, asked = 0;
};
constexpr Count kCard{952, 954};  // digits at T = 1024

struct Document {
  std::string text;
  std::vector<std::size_t> asked;  // where digits stand that an earlier sentence told
};

using Words = std::vector<std::string>;

Words split(std::string_view text, char at) {
  Words words;
  for (std::size_t begin = 0, end; begin <= text.size(); begin = end + 1) {
    end = std::min(text.find(at, begin), text.size());
    words.emplace_back(text.substr(begin, end - begin));
  }
  return words;
}

template <class T>
const T& one_of(const std::vector<T>& all, Random& random) {
  return all[std::size_t(random.integer(0, std::int64_t(all.size()) - 1))];
}

// Documents of the form that the model was trained on (datasets/tiny-gemma/tinyworld.py): rounds of facts among other
// sentences, then the same facts again in another order.
class TinyWorld {
 public:
  explicit TinyWorld(std::uint64_t seed) : random_(seed) {}

  Document document() {
    Document made;
    const std::int64_t most = std::int64_t(kLength) - 8;
    const auto span = std::size_t(one_of<std::int64_t>({100, 128, 160, 200, 256, 512, most, most, most}, random_));
    const std::size_t count =
        std::min<std::size_t>(one_of<std::size_t>({1, 1, 2, 2, 3, 4, 6, 8}, random_), (span - 5) / 95);
    while (made.text.size() < kLength) add_round(made, span, std::max<std::size_t>(1, count));
    made.text.resize(kLength);
    std::erase_if(made.asked, [](std::size_t at) { return at >= kLength; });
    return made;
  }

 private:
  std::string fact() {
    static const Words adjectives = split(
        "amber azure brass bronze cedar coral crimson crystal ebony emerald frosty gilded golden granite hazel hollow "
        "indigo iron ivory jade linen marble mossy oaken ochre onyx opal pearl pewter quiet rusty sable scarlet silver "
        "slate tawny velvet violet walnut woven",
        ' ');
    static const Words nouns = split(
        "anchor anvil arrow basket beacon bell bottle bridge candle cannon casket chisel clock compass cradle crown "
        "dagger drum falcon fiddle flute globe goblet hammer harp kettle ladder lantern locket loom mirror needle "
        "paddle pitcher quill saddle scroll shield sundial telescope thimble trumpet urn violin wagon wheel whistle",
        ' ');
    return fmt::format("The code of the {} {} is ", one_of(adjectives, random_), one_of(nouns, random_));
  }

  std::string other_sentence() {
    static const Words who = split("The baker|The old sailor|A young clerk|The miller|Her cousin|The widow", '|');
    static const Words did = split("walked along|looked toward|came back from|slept beside|wrote of|crossed", '|');
    static const Words what = split("the river|the market|the orchard|the stone wall|the hills|the mill pond", '|');
    static const Words when = split("at dawn|before the rain|after supper|that winter|in the fog|once more", '|');
    return fmt::format("{} {} {} {}. ", one_of(who, random_), one_of(did, random_), one_of(what, random_),
                       one_of(when, random_));
  }

  // About `span` bytes with `count` facts.
  void add_round(Document& made, std::size_t span, std::size_t count) {
    std::map<std::string, std::string> facts;  // what comes before the code, and the code
    while (facts.size() < count) facts.emplace(fact(), fmt::format("{:05}", random_.integer(0, 99999)));
    Words asked;
    for (const auto& [stem, code] : facts) asked.push_back(stem);
    if (random_.integer(0, 9) < 3) asked.push_back(one_of(asked, random_));
    for (std::size_t i = asked.size(); i > 1; --i) {
      std::swap(asked[i - 1], asked[std::size_t(random_.integer(0, std::int64_t(i) - 1))]);
    }
    const std::size_t told = 44 * (facts.size() + asked.size()) + 4, rest = span > told ? span - told : 0;
    std::vector<std::size_t> cuts;  // of the other sentences; a fact stands at each
    for (std::size_t i = 0; i < count; ++i) cuts.push_back(std::size_t(random_.integer(0, std::int64_t(rest))));
    std::ranges::sort(cuts);
    std::size_t filled = 0, next = 0;
    for (const auto& [stem, code] : facts) {
      for (; filled + 20 < cuts[next]; filled += add(made, other_sentence())) {
      }
      ++next;
      add(made, stem + code + ". ");
    }
    while (filled + 20 < rest) filled += add(made, other_sentence());
    for (const std::string& stem : asked) {
      add(made, stem);
      for (std::size_t digit = 0; digit < 5; ++digit) made.asked.push_back(made.text.size() + digit);
      add(made, facts[stem] + ". ");
    }
    add(made, "\n");
  }

  static std::size_t add(Document& made, const std::string& text) {
    made.text += text;
    return text.size();
  }

  Random random_;
};

// A model that reads.
class Reader {
 public:
  explicit Reader(const std::string& caches) : session_(plan(caches)) {}

  void begin() { session_.reset(); }
  // Reads on; the likeliest token behind `ids`.
  std::int64_t read(const std::vector<std::int64_t>& ids) {
    Tensor turn(DType::kI64, {1, std::int64_t(ids.size())});
    std::ranges::copy(ids, turn.as<std::int64_t>());
    const Value logits = session_.run(std::vector<Value>{std::move(turn)}).front();
    const float* first = logits.as<float>();
    return std::max_element(first, first + logits.shape().elements()) - first;
  }

 private:
  static std::shared_ptr<const Plan> plan(const std::string& caches) {
    const Checkpoint checkpoint = open_checkpoint(KVPROOF_TINY_GEMMA);
    Model model = build_decoder(checkpoint.config, *checkpoint.weights, {.logits = DecoderOptions::Logits::kLast});
    if (!caches.empty()) choose_caches(model, checkpoint.config, caches);
    return std::make_shared<Plan>(model);
  }

  Session session_;
};

Count recall(const std::string& caches) {
  Reader reader(caches);
  TinyWorld world(5);
  Count count;
  for (int i = 0; i < kDocuments; ++i) {
    const Document made = world.document();
    const std::vector<std::int64_t> ids = make_byte_tokenizer(2)->encode(made.text);
    reader.begin();
    std::size_t read = 0;
    for (const std::size_t at : made.asked) {
      const std::size_t place = at + 1;  // behind the token that every text begins with
      count.right += reader.read({ids.begin() + read, ids.begin() + place}) == ids[place];
      ++count.asked;
      read = place;
    }
  }
  return count;
}

double log_choose(int n, int k) { return std::lgamma(n + 1.) - std::lgamma(k + 1.) - std::lgamma(n - k + 1.); }

// If the card's digits and ours are lost at one rate, how likely at least as many of all lost ones are ours (Fisher's
// exact test: which of all digits are lost is then a matter of chance).
double chance_of_so_many_lost(const Count& ours) {
  const int lost = ours.asked - ours.right, all_lost = lost + kCard.asked - kCard.right;
  double chance = 0;
  for (int k = lost; k <= std::min(all_lost, ours.asked); ++k) {
    if (all_lost - k > kCard.asked) continue;
    chance += std::exp(log_choose(ours.asked, k) + log_choose(kCard.asked, all_lost - k) -
                       log_choose(ours.asked + kCard.asked, all_lost));
  }
  return chance;
}

TEST(PlantedFacts, AreRecalledAsOftenAsTheCardSays) {
  for (const std::string caches : {"", "local=window;global=in_place", "local=window;global=kivi:bits=4"}) {
    const Count count = recall(caches);
    EXPECT_GT(count.asked, 800) << "the test would see little";
    EXPECT_GT(chance_of_so_many_lost(count), 1e-3)
        << "caches '" << caches << "': " << count.right << " of " << count.asked;
  }
}

TEST(PlantedFacts, AreLostWhereTheCacheLosesThem) {
  const Count count = recall("local=window;global=window:w=256");
  EXPECT_LT(chance_of_so_many_lost(count), 1e-9) << count.right << " of " << count.asked;
}

}  // namespace
}  // namespace kvproof
