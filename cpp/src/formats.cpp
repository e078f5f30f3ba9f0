#include "fastguard/formats.h"

#include "fastguard/error.h"
#include "validators_ascii.h"

#include <algorithm>
#include <map>

namespace fastguard {
namespace {

using Set = std::array<std::uint64_t, 4>;

void put(Set& set, char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    set[byte / 64U] |= std::uint64_t{1} << (byte % 64U);
}

bool has(const Set& set, unsigned byte) noexcept { return ((set[byte / 64U] >> (byte % 64U)) & 1U) != 0; }

// `c` in both cases where it is a letter.
void put_folded(Set& set, char c) noexcept {
    put(set, c);
    if (ascii::is_lower(c)) put(set, static_cast<char>(c - 32));
    if (ascii::is_upper(c)) put(set, static_cast<char>(c + 32));
}

void put_range(Set& set, char first, char last) noexcept {
    for (char c = first; c <= last; ++c) put_folded(set, c);
}

[[noreturn]] void refuse(std::string_view format, const std::string& problem) {
    throw BuildError("format '" + std::string(format) + "': " + problem, "", "");
}

// What stands in brackets, from behind the opening one; moves `at` behind the closing one.
Set read_list(std::string_view format, std::size_t& at) {
    Set set{};
    const std::size_t close = format.find(']', at);
    if (close == std::string_view::npos || close == at) refuse(format, "a list needs characters and a ]");
    for (; at < close; ++at) {
        if (at + 2 < close && format[at + 1] == '-') {
            if (format[at + 2] < format[at]) refuse(format, "a range in a list runs backwards");
            put_range(set, format[at], format[at + 2]);
            at += 2;
        } else {
            put_folded(set, format[at]);
        }
    }
    ++at;
    return set;
}

std::size_t read_number(std::string_view format, std::size_t& at) {
    const std::size_t begin = at;
    std::size_t number = 0;
    while (at < format.size() && ascii::is_digit(format[at]) && at - begin < 3)
        number = number * 10 + static_cast<std::size_t>(format[at++] - '0');
    if (at == begin) refuse(format, "a repetition needs a number");
    return number;
}

// How often the element before `at` stands there: least and most.
std::pair<std::size_t, std::size_t> read_repetition(std::string_view format, std::size_t& at) {
    if (at < format.size() && format[at] == '?') {
        ++at;
        return {0, 1};
    }
    if (at >= format.size() || format[at] != '{') return {1, 1};
    ++at;
    const std::size_t least = read_number(format, at);
    std::size_t most = least;
    if (at < format.size() && format[at] == ',') most = read_number(format, ++at);
    if (at >= format.size() || format[at] != '}') refuse(format, "a repetition needs a }");
    ++at;
    if (most < least || most == 0) refuse(format, "a repetition runs backwards");
    return {least, most};
}

constexpr std::string_view kSeparators = " -./";

}  // namespace

std::vector<FormatTable::Element> FormatTable::parse(std::string_view format) {
    std::vector<Element> elements;
    for (std::size_t at = 0; at < format.size();) {
        Element element{};
        const char c = format[at++];
        if (c == '9' || c == 'X') put_range(element.set, '0', '9');
        if (c == 'A' || c == 'X') put_range(element.set, 'a', 'z');
        if (c == '[') {
            element.set = read_list(format, at);
        } else if (c == '_') {
            element.joint = true;
        } else if (c == '\\') {
            if (at == format.size()) refuse(format, "a backslash at the end");
            put(element.set, format[at++]);
        } else if (c != '9' && c != 'A' && c != 'X') {
            if (ascii::is_upper(c)) refuse(format, "letters are lower case, but A and X");
            put_folded(element.set, c);
        }
        const auto [least, most] = read_repetition(format, at);
        for (std::size_t i = 0; i < most; ++i) {
            element.optional = i >= least;
            elements.push_back(element);
        }
    }
    if (elements.empty()) refuse(format, "empty");
    if (elements.size() > kMostBytes) refuse(format, "longer than " + std::to_string(kMostBytes) + " characters");
    return elements;
}

void FormatTable::note_prefix(const std::vector<Element>& elements) {
    for (std::size_t letters = 0; letters < elements.size() && letters <= kMostPrefix; ++letters) {
        const Set& set = elements[letters].set;
        const bool separator = elements[letters].joint || has(set, ' ') || has(set, '-');
        if (separator && letters > 0) prefixes_ |= 1U << letters;
        const bool letter = (set[1] & 0x07FFFFFE07FFFFFEU) != 0;
        if (!letter && !elements[letters].optional) return;
    }
}

void FormatTable::add_places(std::uint32_t tag, const std::vector<Element>& elements, char joint) {
    beginnings_.push_back(static_cast<std::uint32_t>(places_.size()));
    for (const Element& element : elements) {
        if (element.joint && joint == '\0') continue;
        Place place{element.set, element.optional && !element.joint, false, tag};
        if (element.joint) put(place.set, joint);
        places_.push_back(place);
    }
    places_.push_back({{}, false, true, tag});
}

void FormatTable::add(std::uint32_t tag, std::string_view format) {
    const std::vector<Element> elements = parse(format);
    note_prefix(elements);
    const auto joint = [](const Element& element) { return element.joint; };
    if (std::none_of(elements.begin(), elements.end(), joint)) {
        add_places(tag, elements, '\0');
        return;
    }
    for (const char separator : kSeparators) add_places(tag, elements, separator);
    if (std::any_of(elements.begin(), elements.end(), [](const Element& e) { return e.joint && e.optional; }))
        add_places(tag, elements, '\0');
}

// Bytes that no set tells apart are one class.
void FormatTable::make_classes() {
    std::array<std::uint32_t, 256> group{};
    std::uint32_t groups = 1;
    std::vector<Set> sets(places_.size());
    std::transform(places_.begin(), places_.end(), sets.begin(), [](const Place& place) { return place.set; });
    std::sort(sets.begin(), sets.end());
    sets.erase(std::unique(sets.begin(), sets.end()), sets.end());
    for (const Set& set : sets) {
        std::map<std::uint32_t, std::uint32_t> split;
        for (unsigned byte = 0; byte < 256; ++byte) {
            if (!has(set, byte)) continue;
            const auto [found, added] = split.try_emplace(group[byte], groups);
            groups += added ? 1U : 0U;
            group[byte] = found->second;
        }
    }
    std::map<std::uint32_t, std::uint8_t> names;
    for (unsigned byte = 0; byte < 256; ++byte)
        class_of_[byte] = names.try_emplace(group[byte], static_cast<std::uint8_t>(names.size())).first->second;
    classes_ = names.size();
}

// Adds the places that optional elements lead to; sorts.
void FormatTable::close(std::vector<std::uint32_t>& places) const {
    for (std::size_t i = 0; i < places.size(); ++i)
        if (places_[places[i]].optional) places.push_back(places[i] + 1);
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
}

// The same walk over kinds of bytes.
void FormatTable::make_sketch() {
    std::array<Set, kKinds> kinds{};
    for (unsigned byte = 0; byte < 256; ++byte) put(kinds[kKindOf[byte]], static_cast<char>(byte));
    const auto meets = [](const Set& a, const Set& b) {
        return ((a[0] & b[0]) | (a[1] & b[1]) | (a[2] & b[2]) | (a[3] & b[3])) != 0;
    };
    sketch_.assign(2 * kKinds, 0);
    sketch_accepts_.assign(2, 0);
    std::map<std::vector<std::uint32_t>, std::uint16_t> known;
    std::vector<std::vector<std::uint32_t>> states(2);
    states[kStart] = beginnings_;
    close(states[kStart]);
    for (std::size_t state = kStart; state < states.size(); ++state) {
        for (std::size_t kind = 0; kind < kKinds; ++kind) {
            std::vector<std::uint32_t> reached;
            for (const std::uint32_t at : states[state])
                if (!places_[at].end && meets(places_[at].set, kinds[kind])) reached.push_back(at + 1);
            if (reached.empty()) continue;
            close(reached);
            const auto [found, added] = known.try_emplace(reached, static_cast<std::uint16_t>(states.size()));
            if (added) {
                if (states.size() > 0xFFFE)
                    throw BuildError("the formats of all signatures take too many states", "", "");
                const bool ends =
                    std::any_of(reached.begin(), reached.end(), [&](std::uint32_t at) { return places_[at].end; });
                sketch_accepts_.push_back(ends ? 1 : 0);
                sketch_.resize(sketch_.size() + kKinds, 0);
                states.push_back(std::move(reached));
            }
            sketch_[state * kKinds + kind] = found->second;
        }
    }
}

void FormatTable::finish() {
    make_classes();
    make_sketch();
    std::array<unsigned, 256> member{};  // a byte of each class
    for (unsigned byte = 256; byte-- > 0;) member[class_of_[byte]] = byte;
    next_.assign(2 * classes_, 0);
    accepted_.assign(2, {});
    std::map<std::vector<std::uint32_t>, std::uint16_t> known;
    std::vector<std::vector<std::uint32_t>> states(2);
    states[kStart] = beginnings_;
    close(states[kStart]);
    for (std::size_t state = kStart; state < states.size(); ++state) {
        std::vector<std::vector<std::uint32_t>> reached(classes_);
        for (const std::uint32_t at : states[state]) {
            if (places_[at].end) continue;
            for (std::size_t c = 0; c < classes_; ++c)
                if (has(places_[at].set, member[c])) reached[c].push_back(at + 1);
        }
        for (std::size_t c = 0; c < classes_; ++c) {
            if (reached[c].empty()) continue;
            close(reached[c]);
            const auto [found, added] = known.try_emplace(reached[c], static_cast<std::uint16_t>(states.size()));
            if (added) {
                if (states.size() > 0xFFFE)
                    throw BuildError("the formats of all signatures take too many states", "", "");
                Tags tags{static_cast<std::uint32_t>(tags_.size()), 0};
                for (const std::uint32_t at : reached[c])
                    if (places_[at].end) tags_.push_back(places_[at].tag);
                const auto begin = tags_.begin() + tags.begin;
                std::sort(begin, tags_.end());
                tags_.erase(std::unique(begin, tags_.end()), tags_.end());
                tags.count = static_cast<std::uint32_t>(tags_.size()) - tags.begin;
                accepted_.push_back(tags);
                next_.resize(next_.size() + classes_, 0);
                states.push_back(std::move(reached[c]));
            }
            next_[state * classes_ + c] = found->second;
        }
    }
    places_ = {};
    beginnings_ = {};
}

}  // namespace fastguard
