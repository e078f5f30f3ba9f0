// The codes that are undone: from base64 to Morse, each in a file of its own in src/decode.
//
// A code is tried only where a cheap clue speaks for it, and what it gives is kept only where it reads like text. Codes
// that carry pieces (base64, hex ...) give a child for each piece; codes that escape single characters (percent,
// entities ...) give the whole text with them undone. Time is linear in the text; nothing is allocated after warm-up.
#pragma once

#include "fastguard/children.h"
#include "fastguard/reading.h"

namespace fastguard {

// Adds what the text of `reading` says in any of the codes to `children`, which read that text (Children::read_child).
// Throws std::bad_alloc.
void decode(const Reading& reading, Children& children);

}  // namespace fastguard
