// Views made for a test: folded from copies without a spare byte, with every promise of the header checked on the way.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "check.h"
#include "fastguard/normalizer.h"
#include "utf8_decode.h"

namespace views {

struct View {
    std::string text;
    std::vector<std::uint32_t> origin;
    fastguard::FoldStats stats{};
};

// A copy without a spare byte, so that a sanitizer sees every read past the end.
inline std::unique_ptr<char[]> exact(std::string_view text) {
    std::unique_ptr<char[]> copy(new char[text.size()]);
    if (!text.empty()) std::memcpy(copy.get(), text.data(), text.size());
    return copy;
}

inline std::vector<bool> borders(std::string_view text) {
    std::vector<bool> result(text.size() + 1);
    std::string padded = std::string(text) + std::string(4, '\0');
    for (std::size_t at = 0; at < text.size();) {
        result[at] = true;
        at += fastguard::utf8::decode(reinterpret_cast<const unsigned char*>(padded.data()) + at).length;
    }
    result[text.size()] = true;
    return result;
}

inline void check_map(std::string_view source, const View& view) {
    const std::vector<bool> border = borders(source);
    bool monotone = true, on_border = true;
    for (std::size_t k = 0; k < view.text.size(); ++k) {
        monotone = monotone && view.origin[k] <= view.origin[k + 1];
        on_border = on_border && view.origin[k] < source.size() && border[view.origin[k]];
    }
    CHECK(monotone);
    CHECK(on_border);
    CHECK_EQUAL(view.origin[view.text.size()], source.size());
}

inline View fold_once(std::string_view source) {
    const auto text = exact(source);
    View view;
    view.text.resize(fastguard::fold_bound(source.size()) + 64);
    view.origin.resize(fastguard::fold_bound(source.size()) + 65);
    view.text.resize(fastguard::fold_utf8(text.get(), source.size(), view.text.data(), view.origin.data(), view.stats));
    return view;
}

// Folds in steps with as little room as possible.
inline View fold_in_steps(std::string_view source, std::size_t more) {
    const auto text = exact(source);
    View view;
    fastguard::FoldCursor cursor;
    std::vector<char> dst;
    view.origin.resize(1);
    while (!fastguard::fold_step(text.get(), source.size(), dst.data(), view.origin.data(), dst.size(), cursor,
                                 view.stats)) {
        dst.resize(dst.size() + more);
        view.origin.resize(dst.size() + 1);
    }
    view.text.assign(dst.data(), cursor.written);
    return view;
}

inline bool same(const fastguard::FoldStats& a, const fastguard::FoldStats& b) {
    return a.invalid == b.invalid && a.ignorables == b.ignorables && a.tags == b.tags &&
           a.variation_selectors == b.variation_selectors && a.bidi_controls == b.bidi_controls &&
           a.zero_width == b.zero_width && a.dropped_marks == b.dropped_marks && a.confusables == b.confusables &&
           a.mixed == b.mixed && a.scripts == b.scripts && a.changed == b.changed;
}

// Folds and proves what holds for every text.
inline View fold(std::string_view source) {
    View view = fold_once(source);
    check_map(source, view);
    CHECK_EQUAL(fold_once(view.text).text, view.text);
    const View steps = fold_in_steps(source, 61);
    CHECK_EQUAL(steps.text, view.text);
    CHECK(std::equal(view.origin.begin(), view.origin.begin() + static_cast<long>(view.text.size()) + 1,
                     steps.origin.begin()));
    CHECK(same(steps.stats, view.stats));
    return view;
}

inline std::string folded(std::string_view source) { return fold(source).text; }

inline View skeleton_view(std::string_view source) {
    const View view = fold(source);
    const auto text = exact(view.text);
    View result;
    result.text.resize(fastguard::skeleton_bound(view.text.size()) + 64);
    result.origin.resize(fastguard::skeleton_bound(view.text.size()) + 65);
    result.text.resize(fastguard::skeleton_of_folded(text.get(), view.text.size(), view.origin.data(),
                                                     result.text.data(), result.origin.data()));
    check_map(source, result);
    return result;
}

inline std::string skeleton(std::string_view source) { return skeleton_view(source).text; }

inline std::string repeat(std::string_view text, std::size_t times) {
    std::string result;
    for (std::size_t k = 0; k < times; ++k) result += text;
    return result;
}

inline std::string utf8(char32_t cp) {
    char bytes[4];
    return std::string(bytes, fastguard::utf8::encode(cp, bytes));
}

// Shows the letters of a text in another alphabet that starts at these code points; spaces stay.
inline std::string styled(std::string_view text, char32_t upper, char32_t lower) {
    std::string result;
    for (const char c : text) {
        if (c >= 'A' && c <= 'Z')
            result += utf8(upper + static_cast<char32_t>(c - 'A'));
        else if (c >= 'a' && c <= 'z')
            result += utf8(lower + static_cast<char32_t>(c - 'a'));
        else
            result += c;
    }
    return result;
}

}  // namespace views
