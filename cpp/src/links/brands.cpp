#include "brands.h"

#include "../decode/punycode.h"
#include "../utf8_decode.h"
#include "fastguard/normalizer.h"

#include <algorithm>
#include <array>

namespace fastguard::links {
namespace {

constexpr std::size_t kMostLabel = 128;
constexpr std::size_t kLeastTypo = 6;   // letters of a label that one edit tells from others
constexpr std::size_t kLeastGlyph = 4;  // letters of a label that a look-alike tells from others

bool is_country(std::string_view suffix) noexcept {
    const std::size_t dot = suffix.rfind('.');
    const std::string_view top = dot == std::string_view::npos ? suffix : suffix.substr(dot + 1);
    return top.size() == 2 && static_cast<unsigned char>(top[0]) < 0x80;
}

// Country suffixes that anybody gets for nothing or next to it.
constexpr std::array<std::string_view, 10> kFreeCountries = {"tk", "ml", "ga", "cf", "gq",
                                                             "pw", "cc", "ws", "su", "la"};

bool is_honest(std::string_view label) noexcept {
    for (std::size_t at = kHonestWords.find(label); at != std::string_view::npos; at = kHonestWords.find(label, at + 1))
        if (kHonestWords[at - 1] == ' ' && kHonestWords[at + label.size()] == ' ') return true;
    return false;
}

void note_scripts(std::string_view text, Looks& looks) noexcept {
    for (std::size_t i = 0; i < text.size();) {
        std::array<unsigned char, 4> bytes{};
        for (std::size_t k = 0; k < 4 && i + k < text.size(); ++k) bytes[k] = static_cast<unsigned char>(text[i + k]);
        const utf8::Step step = utf8::decode(bytes.data());
        const Script script = step.cp == utf8::kInvalid ? Script::none : script_of(step.cp);
        looks.latin = looks.latin || script == Script::latin;
        looks.other = looks.other || script == Script::cyrillic || script == Script::greek;
        looks.ascii = looks.ascii && step.cp < 0x80;
        i += step.length;
    }
}

}  // namespace

Looks looks_of(std::string_view label, SkeletonScratch& scratch) {
    Looks looks;
    label = label.substr(0, kMostLabel);
    std::array<char, 4 * decoding::Label::kMostCharacters> letters;
    std::string_view text = label;
    decoding::Label decoded;
    if (label.starts_with("xn--") && decoding::decode_label(label.substr(4), decoded)) {
        std::size_t size = 0;
        for (std::size_t i = 0; i < decoded.count; ++i) {
            const char32_t cp = decoded.characters[i];
            size += utf8::encode(cp >= 0xD800 && cp < 0xE000 ? 0xFFFD : cp, letters.data() + size);
        }
        text = {letters.data(), size};
        looks.decoded = true;
    }
    note_scripts(text, looks);
    const std::size_t bound = fold_bound(text.size());
    char* folded = scratch.folded.reserve(bound + kBlockBytes + kViewPadding);
    std::uint32_t* origin = scratch.folded_origin.reserve(bound + 65);
    FoldStats stats{};
    const std::size_t folded_size = fold_utf8(text.data(), text.size(), folded, origin, stats);
    looks.letters = {folded, folded_size};
    const std::size_t most = skeleton_bound(folded_size);
    char* skeleton = scratch.skeleton.reserve(most + kBlockBytes + kViewPadding);
    std::uint32_t* places = scratch.skeleton_origin.reserve(most + 65);
    looks.skeleton = {skeleton, skeleton_of_folded(folded, folded_size, nullptr, skeleton, places)};
    return looks;
}

bool one_edit(std::string_view a, std::string_view b) noexcept {
    if (a.size() > b.size()) std::swap(a, b);
    if (b.size() - a.size() > 1) return false;
    const std::size_t same =
        static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
    const std::string_view rest_a = a.substr(same);
    const std::string_view rest_b = b.substr(same);
    if (a.size() < b.size()) return rest_a == rest_b.substr(1);
    if (rest_a.empty()) return false;
    if (rest_a.substr(1) == rest_b.substr(1)) return true;
    return rest_a.size() >= 2 && rest_a[0] == rest_b[1] && rest_a[1] == rest_b[0] &&
           rest_a.substr(2) == rest_b.substr(2);
}

const Brands& Brands::known() {
    static const Brands brands = [] {
        Brands all;
        SkeletonScratch scratch;
        std::string_view rest = kBrandList;
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find('\n'), rest.size() - 1);
            if (end > 0) all.add(rest.substr(0, end), scratch);
            rest.remove_prefix(end + 1);
        }
        all.finish();
        return all;
    }();
    return brands;
}

Brands::Brands(std::span<const std::string> hosts) {
    SkeletonScratch scratch;
    for (const std::string& name : hosts) {
        Host host;
        if (!read_host(name, host) || host.kind != HostKind::name || host.label().empty()) continue;
        const bool distinctive = host.label().size() >= kLeastTypo;
        add((distinctive ? "*" : "") + std::string(host.label()) + " " + std::string(host.registrable()), scratch);
    }
    finish();
}

void Brands::add(std::string_view line, SkeletonScratch& scratch) {
    Brand brand;
    brand.distinctive = line.starts_with('*');
    line.remove_prefix(brand.distinctive ? 1 : 0);
    std::size_t space = line.find(' ');
    brand.label = line.substr(0, space);
    brand.skeleton = looks_of(brand.label, scratch).skeleton;
    while (space != std::string_view::npos) {
        line.remove_prefix(space + 1);
        space = line.find(' ');
        brand.domains.emplace_back(line.substr(0, space));
    }
    brands_.push_back(std::move(brand));
}

void Brands::finish() {
    std::size_t longest = 0;
    for (std::uint32_t i = 0; i < brands_.size(); ++i) {
        for (const std::string& domain : brands_[i].domains) domains_.emplace_back(domain, i);
        by_label_.push_back(i);
        if (brands_[i].label.size() >= kLeastGlyph) by_skeleton_.push_back(i);
        if (brands_[i].distinctive && brands_[i].label.size() >= kLeastTypo) by_size_.push_back(i);
        longest = std::max(longest, brands_[i].label.size());
    }
    std::sort(domains_.begin(), domains_.end());
    std::sort(by_label_.begin(), by_label_.end(),
              [this](std::uint32_t a, std::uint32_t b) { return brands_[a].label < brands_[b].label; });
    std::stable_sort(by_skeleton_.begin(), by_skeleton_.end(),
                     [this](std::uint32_t a, std::uint32_t b) { return brands_[a].skeleton < brands_[b].skeleton; });
    std::stable_sort(by_size_.begin(), by_size_.end(), [this](std::uint32_t a, std::uint32_t b) {
        return brands_[a].label.size() < brands_[b].label.size();
    });
    for (std::size_t size = 0; size <= longest + 1; ++size) {
        const auto begin = std::find_if(by_size_.begin(), by_size_.end(),
                                        [&](std::uint32_t i) { return brands_[i].label.size() >= size; });
        size_begin_.push_back(static_cast<std::uint32_t>(begin - by_size_.begin()));
    }
}

int Brands::owner(const Host& host) const noexcept {
    // Domains may be longer than what is registrable (weixin.qq.com), so each tail of the name is looked up.
    for (std::string_view rest = host.name();;) {
        if (host.private_suffix && rest.size() <= host.suffix) return -1;  // anybody's pages: "me.github.io"
        const auto found =
            std::lower_bound(domains_.begin(), domains_.end(), rest,
                             [](const auto& entry, std::string_view name) { return entry.first < name; });
        if (found != domains_.end() && found->first == rest) return static_cast<int>(found->second);
        const std::size_t dot = rest.find('.');
        if (dot == std::string_view::npos) break;
        rest.remove_prefix(dot + 1);
    }
    const std::string_view suffix = host.suffix_name();
    const bool free = std::find(kFreeCountries.begin(), kFreeCountries.end(), suffix) != kFreeCountries.end();
    if (suffix.empty() || host.private_suffix || free ||
        !(is_country(suffix) || suffix == "com" || suffix == "net" || suffix == "org"))
        return -1;
    return labelled(host.label());
}

int Brands::labelled(std::string_view label) const noexcept {
    const auto found = std::lower_bound(by_label_.begin(), by_label_.end(), label,
                                        [this](std::uint32_t i, std::string_view l) { return brands_[i].label < l; });
    return found != by_label_.end() && brands_[*found].label == label ? static_cast<int>(*found) : -1;
}

Resemblance Brands::resemblance(std::string_view label, const Looks& looks) const noexcept {
    if (const int same = labelled(label); same >= 0) {
        return {Likeness::same, static_cast<std::uint32_t>(same)};
    }
    if (label.size() >= kLeastGlyph) {
        const auto found = std::lower_bound(
            by_skeleton_.begin(), by_skeleton_.end(), looks.skeleton,
            [this](std::uint32_t i, std::string_view skeleton) { return brands_[i].skeleton < skeleton; });
        if (found != by_skeleton_.end() && brands_[*found].skeleton == looks.skeleton)
            return {Likeness::homoglyph, *found};
    }
    if (!looks.ascii || label.size() + 1 < kLeastTypo) return {};
    const std::size_t shortest = std::min(label.size() - 1, size_begin_.size() - 1);
    for (std::size_t at = size_begin_[shortest]; at < by_size_.size(); ++at) {
        const std::string_view brand = brands_[by_size_[at]].label;
        if (brand.size() > label.size() + 1) break;
        if (brand[0] != label[0] || !one_edit(label, brand)) continue;
        if (label.size() > brand.size() && (label.back() == 's' || (label.back() >= '0' && label.back() <= '9')))
            continue;  // several of it, or a version
        if (is_honest(label)) continue;
        return {Likeness::typo, by_size_[at]};
    }
    return {};
}

int Brands::embedded(const Host& host) const noexcept {
    const std::string_view name = host.name();
    for (std::size_t at = 0; at < host.site;) {
        const std::string_view rest = name.substr(at);
        // The longest domain that begins here ends before a dot or hyphen.
        for (std::size_t end = rest.find('.'); end != std::string_view::npos && end < rest.size();) {
            end = rest.find_first_of(".-", end + 1);
            if (end == std::string_view::npos) break;
            const std::string_view candidate = rest.substr(0, end);
            const auto found =
                std::lower_bound(domains_.begin(), domains_.end(), candidate,
                                 [](const auto& entry, std::string_view domain) { return entry.first < domain; });
            if (found != domains_.end() && found->first == candidate && brands_[found->second].label.size() >= 3)
                return static_cast<int>(found->second);
            if (end > 40) break;
        }
        const std::size_t dot = name.find('.', at);
        if (dot == std::string_view::npos || dot + 1 >= host.site) break;
        at = dot + 1;
    }
    return -1;
}

}  // namespace fastguard::links
