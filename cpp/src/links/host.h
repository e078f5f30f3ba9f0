// A host as it is written in a link, read the way a browser reads it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fastguard::links {

enum class HostKind : std::uint8_t {
    name,
    ipv4,         // four decimal numbers
    ipv4_number,  // decimal, hexadecimal or octal, in fewer parts: nobody writes that by hand
    ipv6,
    ipv6_mapped,  // an IPv4 address inside an IPv6 one
};

struct Host {
    static constexpr std::size_t kMost = 253;

    std::array<char, kMost + 3> text;  // lower case, dots as dots, percent signs undone; no dot at the end
    std::size_t size = 0;
    HostKind kind = HostKind::name;
    bool ascii = true;
    std::size_t suffix = 0;  // bytes of the public suffix at the end: the last label where the list has no rule
    bool listed = false;     // the list has one
    bool private_suffix = false;
    std::size_t site = 0;       // where the registrable domain begins: one label before the suffix
    std::uint32_t address = 0;  // of an IPv4 address

    [[nodiscard]] std::string_view name() const noexcept { return {text.data(), size}; }
    [[nodiscard]] std::string_view registrable() const noexcept { return name().substr(site); }
    // The registrable domain without its suffix.
    [[nodiscard]] std::string_view label() const noexcept {
        const std::string_view all = registrable();
        return all.substr(0, all.find('.'));
    }
    [[nodiscard]] bool ascii_suffix() const noexcept {
        const std::string_view name = suffix_name();
        return !name.starts_with("xn--") && (name.empty() || static_cast<unsigned char>(name.front()) < 0x80);
    }
    [[nodiscard]] std::string_view suffix_name() const noexcept { return name().substr(size - suffix); }
};

// Reads `written` (folded: ASCII in lower case). False where no host can be written so. O(size).
[[nodiscard]] bool read_host(std::string_view written, Host& host) noexcept;

}  // namespace fastguard::links
