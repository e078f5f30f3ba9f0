#include "suffixes.h"

#include <array>

namespace fastguard::links {
namespace {

constexpr std::size_t kMostLabels = 8;

// The flags of a name; 0 where the list has none such.
std::uint32_t flags_of(std::string_view name) noexcept {
    constexpr std::uint32_t kPlace = (std::uint32_t{1} << kSuffixFlags) - 1;
    std::size_t low = 0;
    std::size_t high = kSuffixCount;
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        const std::size_t begin = kSuffixEntries[middle] & kPlace;
        const std::size_t end = kSuffixEntries[middle + 1] & kPlace;
        const int order = std::string_view(kSuffixText + begin, end - begin).compare(name);
        if (order == 0) {
            return kSuffixEntries[middle] >> kSuffixFlags;
        }
        (order < 0 ? low : high) = order < 0 ? middle + 1 : middle;
    }
    return 0;
}

// A bit for each last label of the list, by its hash.
class LastLabels {
  public:
    LastLabels() noexcept {
        constexpr std::uint32_t kPlace = (std::uint32_t{1} << kSuffixFlags) - 1;
        for (std::size_t i = 0; i < kSuffixCount; ++i) {
            const std::size_t begin = kSuffixEntries[i] & kPlace;
            const std::string_view name(kSuffixText + begin, (kSuffixEntries[i + 1] & kPlace) - begin);
            const std::uint32_t at = place(name.substr(name.rfind('.') + 1));
            bits_[at / 64] |= std::uint64_t{1} << at % 64;
        }
    }
    [[nodiscard]] bool may_have(std::string_view label) const noexcept {
        const std::uint32_t at = place(label);
        return (bits_[at / 64] >> at % 64 & 1U) != 0;
    }

  private:
    [[nodiscard]] static std::uint32_t place(std::string_view label) noexcept {
        std::uint32_t hash = 0;
        for (const char c : label) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 0x9E3779B1U;
        }
        return hash >> 17U;
    }
    std::array<std::uint64_t, 512> bits_{};
};
const LastLabels kLastLabels;

}  // namespace

bool may_be_listed(std::string_view last_label) noexcept { return kLastLabels.may_have(last_label); }

Suffix public_suffix(std::string_view host) noexcept {
    Suffix best;
    if (!may_be_listed(host.substr(host.rfind('.') + 1))) {
        return best;
    }
    std::string_view child;  // the name that is one label longer
    std::string_view rest = host;
    std::size_t labels = 1;
    for (const char c : host) {
        labels += c == '.' ? 1 : 0;
    }
    // From the shortest name up would need the labels backwards; so skip what is too long, then go down.
    for (; labels > kMostLabels; --labels) {
        rest.remove_prefix(rest.find('.') + 1);
    }
    for (;; rest.remove_prefix(rest.find('.') + 1)) {
        const std::uint32_t flags = flags_of(rest);
        const bool is_private = (flags & kSuffixPrivate) != 0;
        const std::size_t dot = rest.find('.');
        if ((flags & kSuffixException) != 0 && dot != std::string_view::npos) {
            return {rest.size() - dot - 1, is_private};
        }
        if ((flags & kSuffixWildcard) != 0 && !child.empty() && child.size() > best.size) {
            best = {child.size(), is_private};
        }
        if ((flags & kSuffixRule) != 0 && rest.size() > best.size) {
            best = {rest.size(), is_private};
        }
        if (best.size != 0 || dot == std::string_view::npos) {
            return best;
        }
        child = rest;
    }
}

}  // namespace fastguard::links
