#include "score.h"

#include "../validators_ascii.h"
#include "lures.h"

#include <algorithm>
#include <cmath>

namespace fastguard::links {
namespace {

using namespace ascii;

constexpr std::size_t kMostRest = 400;  // bytes of path and query that are read
constexpr std::size_t kMostTokens = 14;

// Suffixes whose names cost next to nothing, as lists of reported links show.
constexpr std::string_view kCheapSuffixes =
    " xyz top icu cfd sbs click link live online site shop buzz cyou rest monster quest club vip win bid loan work "
    "life "
    "fun space website store tech tk ml ga cf gq pw cc ws su info biz bond lol mom hair skin makeup beauty autos boats "
    "cam surf wang ink men date review stream download racing party trade science accountant cricket faith qpon ";
constexpr std::string_view kTrustedSuffixes =
    " edu gov mil int ac.uk gov.uk edu.au gov.au go.jp ac.jp gouv.fr bund.de ";

bool listed(std::string_view list, std::string_view word) noexcept {
    for (std::size_t at = list.find(word); at != std::string_view::npos; at = list.find(word, at + 1))
        if (list[at - (at > 0 ? 1 : 0)] == ' ' && at + word.size() < list.size() && list[at + word.size()] == ' ')
            return true;
    return false;
}

// FNV-1a over a kind and the bytes.
struct Hash {
    std::uint32_t value = 2166136261U;
    void add(char c) noexcept { value = (value ^ static_cast<unsigned char>(c)) * 16777619U; }
    [[nodiscard]] std::uint16_t bucket() const noexcept {
        return static_cast<std::uint16_t>((value ^ value >> 15U) % kScoreBuckets);
    }
};

class Maker {
  public:
    void id(char kind, std::string_view bytes) noexcept {
        if (out.count == kMostIds) return;
        Hash hash;
        hash.add(kind);
        for (const char c : bytes) hash.add(c);
        const std::uint16_t bucket = hash.bucket();
        const auto end = out.ids.begin() + static_cast<std::ptrdiff_t>(out.count);
        if (std::find(out.ids.begin(), end, bucket) == end) out.ids[out.count++] = bucket;
    }
    void dense(float value, float most) noexcept { out.dense[at_++] = std::min(value, most) / most; }
    void dense(bool value) noexcept { out.dense[at_++] = value ? 1.0F : 0.0F; }
    void count(std::size_t value, std::size_t most) noexcept {
        dense(static_cast<float>(value), static_cast<float>(most));
    }

    ScoreFeatures out;

  private:
    std::size_t at_ = 0;
};

bool is_vowel(char c) noexcept { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u' || c == 'y'; }

// Letters of a label without a vowel in a row, at most; and vowels, digits, hyphens, changes of letter and digit.
struct Shape {
    std::size_t consonants = 0, vowels = 0, digits = 0, hyphens = 0, changes = 0, letters = 0;
    explicit Shape(std::string_view text) noexcept {
        std::size_t run = 0;
        char before = '-';
        for (const char c : text) {
            digits += is_digit(c) ? 1U : 0U;
            hyphens += c == '-' ? 1U : 0U;
            letters += is_alpha(c) ? 1U : 0U;
            vowels += is_vowel(c) ? 1U : 0U;
            run = is_alpha(c) && !is_vowel(c) ? run + 1 : 0;
            consonants = std::max(consonants, run);
            changes += is_digit(c) != is_digit(before) && is_alnum(before) && is_alnum(c) ? 1U : 0U;
            before = c;
        }
    }
};

float ratio(std::size_t part, std::size_t whole) noexcept {
    return whole == 0 ? 0.0F : static_cast<float>(part) / static_cast<float>(whole);
}

template <class Use>
void each_token(std::string_view text, std::size_t most, Use use) {
    for (std::size_t at = 0; at < text.size() && most > 0;) {
        std::size_t end = at;
        while (end < text.size() && is_alnum(text[end])) ++end;
        if (end > at) {
            use(text.substr(at, end - at));
            --most;
        }
        at = end + 1;
    }
}

void host_features(const Host& host, Maker& make) noexcept {
    const std::string_view label = host.label();
    const std::string_view below = host.name().substr(0, host.site == 0 ? 0 : host.site - 1);
    const Shape shape(label);
    const Shape lower_shape(below);
    const auto labels = static_cast<std::size_t>(std::count(below.begin(), below.end(), '.')) + (below.empty() ? 0 : 1);
    make.count(host.size, 60);
    make.count(label.size(), 30);
    make.count(labels, 4);
    make.dense(below == "www");
    make.dense(below.empty());
    make.count(below.size(), 40);
    make.dense(ratio(shape.digits, label.size()), 1.0F);
    make.count(shape.digits, 6);
    make.count(shape.hyphens, 3);
    make.count(shape.changes, 4);
    make.dense(ratio(shape.vowels, shape.letters), 1.0F);
    make.count(shape.consonants, 8);
    make.count(lower_shape.digits, 8);
    make.count(lower_shape.hyphens, 4);
    make.count(lower_shape.consonants, 8);
    make.dense(listed(kCheapSuffixes, host.suffix_name()));
    make.dense(listed(kTrustedSuffixes, host.suffix_name()));
    make.dense(host.private_suffix);
    make.dense(host.kind != HostKind::name);
    make.dense(!host.listed);
    make.id('s', host.suffix_name());
    std::array<char, 40> framed;
    std::size_t size = 0;
    framed[size++] = '^';
    for (std::size_t i = 0; i < label.size() && size + 1 < framed.size(); ++i)
        framed[size++] = is_digit(label[i]) ? '0' : label[i];
    framed[size++] = '$';
    for (std::size_t i = 0; i + 3 <= size; ++i) make.id('t', {framed.data() + i, 3});
    each_token(label, 4, [&](std::string_view token) { make.id('l', token); });
    each_token(below, 6, [&](std::string_view token) { make.id('b', token); });
}

void rest_features(std::string_view rest, Maker& make) noexcept {
    rest = rest.substr(0, kMostRest);
    const std::string_view path = rest.substr(0, rest.find_first_of("?#"));
    const std::size_t query = rest.find('?');
    const Shape shape(path);
    make.dense(path.size() <= 1 && query == std::string_view::npos);
    make.count(rest.size(), 120);
    make.count(static_cast<std::size_t>(std::count(path.begin(), path.end(), '/')), 8);
    make.dense(ratio(shape.digits, path.size()), 1.0F);
    make.count(shape.hyphens, 8);
    make.dense(query != std::string_view::npos);
    make.count(
        query == std::string_view::npos ? 0 : static_cast<std::size_t>(std::count(rest.begin(), rest.end(), '&')) + 1,
        6);
    const std::size_t slash = path.rfind('/');
    const std::string_view last = slash == std::string_view::npos ? path : path.substr(slash + 1);
    const std::size_t dot = last.rfind('.');
    if (dot != std::string_view::npos) make.id('e', last.substr(dot + 1, 6));
    each_token(path, kMostTokens, [&](std::string_view token) {
        const bool number = std::all_of(token.begin(), token.end(), is_digit);
        make.id('p', number ? std::string_view("#") : token.substr(0, 16));
    });
    if (query != std::string_view::npos) {
        each_token(rest.substr(query + 1), 6,
                   [&](std::string_view token) { make.id('q', token.size() > 12 ? "#" : token); });
    }
}

}  // namespace

ScoreFeatures score_features(const Link& link, const Host& host, std::string_view rest, bool brand) noexcept {
    Maker make;
    host_features(host, make);
    rest_features(rest, make);
    std::size_t lures = 0;
    each_token(host.name(), 10, [&](std::string_view token) { lures += is_lure(token) ? 1U : 0U; });
    make.count(lures, 3);
    make.dense(brand);
    make.dense(link.port || link.user_end > link.user_begin);
    return make.out;
}

float score_of(const ScoreFeatures& features) noexcept {
    float logit = kScoreBias;
    for (std::size_t i = 0; i < kScoreDense; ++i) logit += features.dense[i] * kDenseWeights[i];
    std::int32_t sum = 0;
    for (std::size_t i = 0; i < features.count; ++i) sum += kBucketWeights[features.ids[i]];
    logit += static_cast<float>(sum) * kBucketScale;
    return 1.0F / (1.0F + std::exp(-logit));
}

}  // namespace fastguard::links
