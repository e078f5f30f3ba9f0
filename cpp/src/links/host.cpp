#include "host.h"

#include "../validators_ascii.h"
#include "suffixes.h"

#include <algorithm>
#include <optional>

namespace fastguard::links {
namespace {

using namespace ascii;

unsigned hex_value(char c) noexcept { return static_cast<unsigned>(is_digit(c) ? c - '0' : lower(c) - 'a' + 10); }

// Copies what is written with dots as dots; false where it is too long.
bool undo_writing(std::string_view written, Host& host) noexcept {
    host.size = 0;
    host.ascii = true;
    for (std::size_t i = 0; i < written.size();) {
        char c = lower(written[i]);
        std::size_t step = 1;
        if (c == '[' || c == '(' || c == '{') {
            const bool word = written.substr(i + 1, 3) == "dot";
            step = word ? 5 : 3;
            c = '.';
        } else if (written.substr(i, 3) == "\xE3\x80\x82") {
            step = 3;
            c = '.';
        } else if (c == '%' && i + 2 < written.size() && is_hex(written[i + 1]) && is_hex(written[i + 2])) {
            c = lower(static_cast<char>(hex_value(written[i + 1]) << 4U | hex_value(written[i + 2])));
            step = 3;
        }
        if (host.size == Host::kMost) return false;
        host.ascii = host.ascii && static_cast<unsigned char>(c) < 0x80;
        host.text[host.size++] = c;
        i += step;
    }
    while (host.size > 0 && host.text[host.size - 1] == '.') --host.size;
    return host.size > 0;
}

// One part of an IPv4 address as URLs have it: decimal, 0x.., or octal behind a 0.
std::optional<std::uint64_t> ipv4_part(std::string_view part, bool& plain) noexcept {
    unsigned base = 10;
    if (part.starts_with("0x")) {
        part.remove_prefix(2);
        base = 16;
        plain = false;
        if (part.empty()) return 0;
    } else if (part.size() > 1 && part[0] == '0') {
        part.remove_prefix(1);
        base = 8;
        plain = false;
    }
    if (part.empty() || part.size() > 16) return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : part) {
        if (!is_hex(c) || hex_value(c) >= base) return std::nullopt;
        value = value * base + hex_value(c);
    }
    return value;
}

bool looks_like_number(std::string_view part) noexcept {
    if (part.starts_with("0x")) return std::all_of(part.begin() + 2, part.end(), is_hex);
    return !part.empty() && std::all_of(part.begin(), part.end(), is_digit);
}

// False where the host ends in a number and is no address.
bool read_ipv4(Host& host) noexcept {
    std::string_view rest = host.name();
    const std::size_t last_dot = rest.rfind('.');
    if (!looks_like_number(last_dot == std::string_view::npos ? rest : rest.substr(last_dot + 1))) return true;
    bool plain = true;
    std::uint64_t address = 0;
    for (unsigned parts = 1;; ++parts) {
        const std::size_t dot = rest.find('.');
        const auto value = ipv4_part(rest.substr(0, dot), plain);
        if (!value || parts > 4) return false;
        if (dot == std::string_view::npos) {
            const unsigned left = 8 * (5 - parts);
            if (*value >= std::uint64_t{1} << left) return false;
            host.address = static_cast<std::uint32_t>(address << left | *value);
            host.kind = plain && parts == 4 ? HostKind::ipv4 : HostKind::ipv4_number;
            return true;
        }
        if (*value > 255) return false;
        address = address << 8U | *value;
        rest.remove_prefix(dot + 1);
    }
}

bool read_ipv6(std::string_view inside, Host& host) noexcept {
    inside = inside.substr(0, inside.find('%'));  // without the zone
    const auto allowed = [](char c) { return is_hex(c) || c == ':' || c == '.'; };
    if (inside.size() < 2 || inside.size() > 45 || !std::all_of(inside.begin(), inside.end(), allowed) ||
        std::count(inside.begin(), inside.end(), ':') < 2)
        return false;
    std::copy(inside.begin(), inside.end(), host.text.begin());
    host.size = inside.size();
    host.kind = inside.find('.') != std::string_view::npos ? HostKind::ipv6_mapped : HostKind::ipv6;
    return true;
}

bool good_labels(std::string_view name) noexcept {
    std::size_t size = 0;
    for (const char c : name) {
        const bool letter = is_alnum(c) || c == '-' || c == '_' || static_cast<unsigned char>(c) >= 0x80;
        if (c == '.' ? size == 0 : !letter) return false;
        size = c == '.' ? 0 : size + 1;
        if (size > 128) return false;
    }
    return true;
}

}  // namespace

bool read_host(std::string_view written, Host& host) noexcept {
    host.kind = HostKind::name;
    host.suffix = host.site = 0;
    host.listed = false;
    host.private_suffix = false;
    host.address = 0;
    if (written.size() > 2 && written.front() == '[' && written.back() == ']')
        return read_ipv6(written.substr(1, written.size() - 2), host);
    if (!undo_writing(written, host) || !good_labels(host.name()) || !read_ipv4(host)) return false;
    if (host.kind != HostKind::name) return true;
    const Suffix suffix = public_suffix(host.name());
    host.listed = suffix.size != 0;
    host.private_suffix = suffix.private_rule;
    host.suffix = host.listed ? suffix.size : host.size - (host.name().rfind('.') + 1);
    if (host.suffix < host.size) {
        const std::string_view before = host.name().substr(0, host.size - host.suffix - 1);
        const std::size_t dot = before.rfind('.');
        host.site = dot == std::string_view::npos ? 0 : dot + 1;
    }
    return true;
}

}  // namespace fastguard::links
