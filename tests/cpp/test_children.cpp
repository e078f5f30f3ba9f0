// Children keep to their budget, say nothing twice, and map every byte back to the root.
#include "fastguard/children.h"
#include "fastguard/reading.h"

#include "check.h"

#include <algorithm>
#include <string>
#include <vector>

namespace {

using fastguard::Child;
using fastguard::Children;
using fastguard::kMaxChildren;
using fastguard::kMostDecoded;
using fastguard::Origin;
using fastguard::RawSpan;
using fastguard::View;
using fastguard::ViewKind;

// A child that says `text`, byte i carried by bytes [2i, 2i + 2) of what is read.
bool add(Children& children, std::string_view text, std::string_view source = "") {
    if (!children.open(ViewKind::base16)) {
        return false;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
        children.put_byte(text[i], 2 * i, 2 * i + 2);
    }
    return children.close(source);
}

void test_places() {
    Children children;
    children.reset(100);
    CHECK(add(children, "abcd"));
    CHECK(children.text(0) == "abcd");
    CHECK((children.origin(0, 1, 3) == Origin{2, 6}));
    children.read_child(0);
    CHECK(children.open(ViewKind::reversed));
    CHECK(children.put_code_point(U'\u00E9', 3, 4));
    CHECK(children.put_byte('x', 0, 2));
    CHECK(children.put_code_point(0xD800, 2, 3));
    CHECK(children.opened() == "\u00E9x\uFFFD");
    CHECK(children.close("abcd"));
    CHECK((children[1].depth == 2 && children[1].kind == ViewKind::reversed));
    CHECK((children.origin(1, 0, 2) == Origin{6, 8}));
    CHECK((children.origin(1, 2, 3) == Origin{0, 4}));
    CHECK((children.origin(1, 0, 6) == Origin{0, 8}));
}

// Copied bytes are those that are put one by one, up to the last one that the budget has room for.
void test_copies() {
    const std::string text(20'000, 'x');
    for (const std::size_t depth : {std::size_t{1}, std::size_t{2}}) {
        for (const std::size_t size : {std::size_t{0}, std::size_t{5}, text.size()}) {
            Children copied;
            Children put;
            for (Children* children : {&copied, &put}) {
                children->reset(100);
                if (depth == 2) {
                    CHECK(add(*children, std::string(8'000, 'y')));
                    children->read_child(0);
                }
                CHECK(children->open(ViewKind::unmarked));
            }
            const std::size_t end = std::min<std::size_t>(2 + size, depth == 2 ? 8'000 : text.size());
            const bool whole = copied.copy(text, 2, end);
            bool fits = true;
            for (std::size_t i = 2; i < end && fits; ++i) {
                fits = put.put_byte(text[i], i, i + 1);
            }
            CHECK_EQUAL(whole, fits);
            CHECK_EQUAL(copied.opened(), put.opened());
            CHECK_EQUAL(copied.exhausted(), put.exhausted());
            CHECK_EQUAL(copied.close("other"), put.close("other"));
            CHECK_EQUAL(copied.size(), put.size());
            for (std::size_t i = 0; i < put.size(); ++i) {
                const auto a = copied.origins(i);
                const auto b = put.origins(i);
                CHECK(std::equal(a.begin(), a.end(), b.begin(), b.end()));
            }
        }
    }
}

// Copied bytes of a view are those that are put one by one with what raw_span says of each.
void test_copies_of_views() {
    // Characters of one to three bytes, some left out, some made of the same bytes of the text.
    const std::string bytes = "abcdefghijklmnop";
    const std::vector<std::uint32_t> origin = {0, 0, 0, 3, 4, 4, 7, 9, 9, 9, 9, 12, 13, 15, 15, 15, 20};
    const View view = {ViewKind::folded, bytes, origin.data()};
    for (const std::size_t depth : {std::size_t{1}, std::size_t{2}}) {
        for (const std::size_t limit : {std::size_t{40}, std::size_t{27}, std::size_t{24}}) {
            for (std::size_t begin = 0; begin <= bytes.size(); ++begin) {
                for (std::size_t end = begin; end <= bytes.size(); ++end) {
                    Children copied;
                    Children put;
                    for (Children* children : {&copied, &put}) {
                        children->reset(100, {kMaxChildren, limit});
                        if (depth == 2) {
                            CHECK(add(*children, std::string(20, 'y')));
                            children->read_child(0);
                        }
                        CHECK(children->open(ViewKind::squeezed));
                    }
                    const bool whole = copied.copy(view, begin, end);
                    bool fits = true;
                    for (std::size_t i = begin; i < end && fits; ++i) {
                        const RawSpan place = fastguard::raw_span(view, i, i + 1);
                        fits = put.put_byte(bytes[i], place.begin, place.end);
                    }
                    CHECK_EQUAL(whole, fits);
                    CHECK_EQUAL(copied.opened(), put.opened());
                    CHECK_EQUAL(copied.exhausted(), put.exhausted());
                    CHECK_EQUAL(copied.close("other"), put.close("other"));
                    CHECK_EQUAL(copied.size(), put.size());
                    for (std::size_t i = 0; i < put.size(); ++i) {
                        const auto a = copied.origins(i);
                        const auto b = put.origins(i);
                        CHECK(std::equal(a.begin(), a.end(), b.begin(), b.end()));
                    }
                }
            }
        }
    }
}

void test_nothing_twice() {
    Children children;
    children.reset(100);
    CHECK(add(children, "said"));
    CHECK(!add(children, "said"));
    CHECK(!add(children, ""));
    CHECK(!add(children, "the source", "the source"));
    CHECK(children.size() == 1);
    CHECK(children.open(ViewKind::rot13));
    CHECK(children.put_byte('a', 0, 1));
    children.drop();
    CHECK(add(children, "more"));
    CHECK((children.text(0) == "said" && children.text(1) == "more" && !children.exhausted()));
}

void test_budget() {
    Children children;
    children.reset(100);
    for (std::size_t i = 0; i < kMaxChildren; ++i) {
        CHECK(add(children, std::to_string(i)));
    }
    CHECK(!children.exhausted());
    CHECK((!add(children, "7") && !children.exhausted()));                // not for want of room
    CHECK((!add(children, "fifteen letters") && !children.exhausted()));  // too few to say something
    CHECK((!add(children, "one more that says something") && children.exhausted()));
    CHECK(children.size() == kMaxChildren);

    children.reset(kMostDecoded);
    CHECK((children.size() == 0 && !children.exhausted()));
    std::size_t put = 0;
    for (int round = 0; round < 4 && children.open(ViewKind::base64); ++round) {
        while (put < kMostDecoded * 2 && children.put_byte('x', 0, 1)) {
            ++put;
        }
        children.drop();
    }
    CHECK((put == kMostDecoded && children.exhausted()));
    CHECK(!children.open(ViewKind::base64));
}

void test_limits() {
    Children children;
    children.reset(100, {.children = 2, .bytes = 48});
    CHECK((add(children, "abc") && add(children, "de")));
    CHECK((!add(children, "one more that says something") && children.exhausted()));
    children.reset(100, {.children = 2, .bytes = 8});
    CHECK(children.open(ViewKind::base16));
    std::size_t put = 0;
    while (children.put_byte('x', 0, 1)) {
        ++put;
    }
    CHECK((put == 8 && children.exhausted() && children.close("")));
    CHECK(!children.open(ViewKind::base16));
}

void test_too_deep() {
    Children children;
    children.reset(100);
    CHECK(add(children, "outer"));
    children.read_child(0, true);
    CHECK((!add(children, "outer", "outer") && !children.exhausted()));
    CHECK((!add(children, "deeper, and it says something") && children.exhausted() && children.size() == 1));
    children.reset(100);
    CHECK((add(children, "outer") && !children.exhausted()));
}

void test_reused() {
    Children children;
    children.reset(1000);
    CHECK(add(children, std::string(500, 'x')));
    const std::uint64_t before = fastguard::allocation_count();
    for (int i = 0; i < 10; ++i) {
        children.reset(1000);
        CHECK(add(children, std::string(500, 'y')));
    }
    CHECK(fastguard::allocation_count() == before);
}

}  // namespace

int main() {
    test_places();
    test_copies();
    test_copies_of_views();
    test_nothing_twice();
    test_budget();
    test_limits();
    test_too_deep();
    test_reused();
    return check::result();
}
