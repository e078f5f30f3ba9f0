// Views that undo a disguise of layout, as children: what a reader sees where the bytes say something else.
//
//   unmarked  HTML tags and comments, ANSI escapes and other controls gone; backspace and carriage return applied;
//             Markdown's emphasis inside words and targets of links gone
//   visual    bidirectional overrides in the order in which they are displayed
//   flipped   upside-down letters as the letters they look like, read from the end, and the same read from the start
//   skeleton  letters of other alphabets and digits as the plain letters that they stand for
//   squeezed  letters set apart joined to words: a whole text by its pattern alone (make_spelled), parts of one where
//             known words come of it; words run together taken apart
//
// Each maker looks for a cheap clue first and adds nothing without it. Time is linear in the text; nothing is allocated
// after warm-up. All throw std::bad_alloc.
#pragma once

#include "fastguard/children.h"
#include "fastguard/reading.h"
#include "fastguard/vocabulary.h"

namespace fastguard {

// Buffers of the makers, part of a Scratch.
struct ViewScratch {
    Buffer<std::uint8_t> levels;
    Buffer<std::uint32_t> order;
    Buffer<std::uint32_t> scores;
    Buffer<std::uint8_t> steps;
};

void make_unmarked(const Reading& reading, Children& children);
void make_visual(const Reading& reading, ViewScratch& scratch, Children& children);
void make_flipped(const Reading& reading, Children& children);
void make_lookalike(const Reading& reading, Children& children);
void make_spelled(const Reading& reading, Children& children);

// `words` are those that run-together text is taken apart into.
void make_squeezed(const Reading& reading, const Vocabulary& words, ViewScratch& scratch, Children& children);

// The first letters of words, where they are spread as letters of a text are and not as those that words begin with; a
// child of kind `acrostic`, without gaps.
void make_initials(const Reading& reading, Children& children);

// Misspelt words of `words` as they are meant; a child of kind `decoded`.
void make_misspelt(const Reading& reading, const Vocabulary& words, Children& children);

}  // namespace fastguard
