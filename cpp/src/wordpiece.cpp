#include "fastguard/wordpiece.h"

#include "fastguard/error.h"
#include "utf8_decode.h"
#include "wordpiece_tables.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace fastguard {
namespace {

using unicode::PieceClass;

// Nodes of the trie where a word begins and where it goes on; 0 is none.
constexpr std::uint32_t kFirst = 1;
constexpr std::uint32_t kNext = 2;
constexpr std::size_t kMostBytes = std::size_t{1} << 23;  // of the vocabulary, so that node << 8 fits 32 bits

utf8::Step step_at(std::string_view text, std::size_t at) noexcept {
    if (text.size() - at >= 4) {
        return utf8::decode(reinterpret_cast<const unsigned char*>(text.data() + at));
    }
    std::array<unsigned char, 4> last{};
    std::memcpy(last.data(), text.data() + at, text.size() - at);
    return utf8::decode(last.data());
}

}  // namespace

std::size_t piece_windows(std::size_t pieces, std::size_t width, std::size_t stride) noexcept {
    return pieces <= width ? 1 : (pieces - width + stride - 1) / stride + 1;
}

WordPiece::WordPiece(const std::vector<std::string>& vocabulary, WordPieceOptions options)
    : options_(std::move(options)), count_(vocabulary.size()), ends_(3, 0) {
    std::size_t bytes = 0;
    for (const std::string& piece : vocabulary) {
        bytes += piece.size();
    }
    if (bytes >= kMostBytes) {
        throw BuildError("has " + std::to_string(bytes) + " bytes, more than 8 MiB", "", "vocabulary");
    }
    if (options_.longest_word == 0 || options_.longest_word > 1000) {
        throw BuildError("must be 1 to 1000", "", "longest_word");
    }
    slots_.resize(std::bit_ceil(2 * bytes + 16));
    bool known = false;
    for (std::size_t id = 0; id < vocabulary.size(); ++id) {
        add(vocabulary[id], static_cast<std::uint32_t>(id));
        if (vocabulary[id] == options_.unknown) {
            unknown_ = static_cast<std::uint32_t>(id);
            known = true;
        }
    }
    if (!known) {
        throw BuildError("lacks the unknown piece '" + options_.unknown + "'", "", "vocabulary");
    }
}

void WordPiece::add(std::string_view piece, std::uint32_t id) {
    const std::string where = "piece " + std::to_string(id);
    std::string_view rest = piece;
    std::uint32_t node = kFirst;
    if (!options_.prefix.empty() && piece.size() > options_.prefix.size() && piece.starts_with(options_.prefix)) {
        rest.remove_prefix(options_.prefix.size());
        node = kNext;
    }
    if (rest.empty()) {
        throw BuildError(where + " is empty", "", "vocabulary");
    }
    for (const char byte : rest) {
        std::uint32_t& next = edge(node, static_cast<unsigned char>(byte));
        if (next == 0) {
            next = static_cast<std::uint32_t>(ends_.size());
            ends_.push_back(0);
        }
        node = next;
    }
    if (ends_[node] != 0) {
        throw BuildError(where + " is piece " + std::to_string(ends_[node] - 1) + " again", "", "vocabulary");
    }
    ends_[node] = id + 1;
}

std::size_t WordPiece::slot_of(std::uint32_t key) const noexcept {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = (key * 0x9E3779B1U >> 7U) & mask;
    while (slots_[at].key != 0 && slots_[at].key != key) {
        at = (at + 1) & mask;
    }
    return at;
}

std::uint32_t& WordPiece::edge(std::uint32_t node, unsigned char byte) {
    Slot& slot = slots_[slot_of(node << 8U | byte)];
    slot.key = node << 8U | byte;
    return slot.next;
}

std::uint32_t WordPiece::follow(std::uint32_t node, unsigned char byte) const noexcept {
    return slots_[slot_of(node << 8U | byte)].next;
}

// Collects the characters of one word and cuts it into pieces.
class WordPiece::Reader {
  public:
    Reader(const WordPiece& owner, std::vector<Piece>& pieces) : owner_(owner), pieces_(pieces) {
        word_.reserve(owner.options_.longest_word);
        bytes_.reserve(4 * owner.options_.longest_word);
    }

    void read(std::string_view text) {
        for (std::size_t at = 0; at < text.size();) {
            const utf8::Step step = step_at(text, at);
            begin_ = static_cast<std::uint32_t>(at);
            at += step.length;
            end_ = static_cast<std::uint32_t>(at);
            if (step.cp != utf8::kInvalid) {
                character(step.cp);
            }
        }
        finish();
    }

  private:
    struct Character {
        char32_t cp;
        std::uint8_t ccc;
        std::uint32_t begin;
        std::uint32_t end;
    };

    void character(char32_t cp) {
        const std::uint32_t entry = unicode::piece_entry(cp);
        const PieceClass kind = unicode::piece_class(entry);
        if (kind == PieceClass::removed) {
            return;
        }
        if (kind == PieceClass::space) {
            finish();
        } else if (kind == PieceClass::single) {  // may become another one, which stands alone as well
            finish();
            add(owner_.options_.uncased && (entry & unicode::kPieceShown) != 0 ? entry & unicode::kPieceShown : cp, 0);
            finish();
        } else if (owner_.options_.uncased) {
            shown(cp, entry, kind);
        } else if (kind == PieceClass::punctuation) {
            alone(cp);
        } else {
            add(cp, 0);  // nothing is put in order where nothing is decomposed
        }
    }

    // What a character becomes without accents and capitals.
    void shown(char32_t cp, std::uint32_t entry, PieceClass kind) {
        if (kind == PieceClass::pooled) {
            const std::uint32_t* parts = unicode::kPiecePool + (entry & unicode::kPieceShown);
            for (std::uint32_t i = 1; i <= parts[0]; ++i) {
                part(parts[i]);
            }
        } else if (cp >= 0xAC00 && cp < 0xD7A4) {  // a syllable of Hangul: its letters
            const char32_t index = cp - 0xAC00;
            add(0x1100 + index / 588, 0);
            add(0x1161 + index % 588 / 28, 0);
            if (index % 28 != 0) {
                add(0x11A7 + index % 28, 0);
            }
        } else {
            const char32_t other = entry & unicode::kPieceShown;
            part(other == 0 ? cp : other);
        }
    }

    void part(char32_t cp) {
        const std::uint32_t entry = unicode::piece_entry(cp);
        const std::uint8_t ccc = unicode::piece_ccc(entry);
        switch (unicode::piece_class(entry)) {
            case PieceClass::mark:
                if (ccc == 0) {
                    run_ = word_.size();  // gone, but what follows is not put before what precedes
                }
                break;
            case PieceClass::punctuation:
                alone(cp);
                break;
            default:
                add(cp, ccc);
        }
    }

    void alone(char32_t cp) {
        finish();
        add(cp, 0);
        finish();
    }

    void add(char32_t cp, std::uint8_t ccc) {
        if (count_ == 0) {
            word_begin_ = begin_;
        }
        word_end_ = end_;
        if (++count_ > owner_.options_.longest_word) {
            return;
        }
        // Canonical order: a mark goes before those of a higher class. The word is bounded, and so is the way.
        std::size_t at = word_.size();
        if (ccc == 0) {
            run_ = at + 1;
        }
        while (ccc != 0 && at > run_ && word_[at - 1].ccc > ccc) {
            --at;
        }
        word_.insert(word_.begin() + static_cast<std::ptrdiff_t>(at), {cp, ccc, begin_, end_});
    }

    void finish() {
        if (count_ == 0) {
            run_ = 0;
            return;
        }
        const std::size_t before = pieces_.size();
        if (count_ > owner_.options_.longest_word || !cut()) {
            pieces_.resize(before);
            pieces_.push_back({owner_.unknown_, word_begin_, word_end_});
        }
        word_.clear();
        count_ = 0;
        run_ = 0;
    }

    // Appends the longest pieces; false where one cannot be found.
    bool cut() {
        bytes_.clear();
        first_.clear();
        for (const Character& character : word_) {
            std::array<char, 4> encoded{};
            first_.push_back(static_cast<std::uint32_t>(bytes_.size()));
            bytes_.append(encoded.data(), utf8::encode(character.cp, encoded.data()));
        }
        first_.push_back(static_cast<std::uint32_t>(bytes_.size()));
        for (std::size_t from = 0; from < word_.size();) {
            std::uint32_t node = from == 0 ? kFirst : kNext;
            std::size_t to = from;
            std::uint32_t id = 0;
            for (std::size_t i = from; i < word_.size() && node != 0; ++i) {
                for (std::uint32_t byte = first_[i]; byte < first_[i + 1] && node != 0; ++byte) {
                    node = owner_.follow(node, static_cast<unsigned char>(bytes_[byte]));
                }
                if (node != 0 && owner_.ends_[node] != 0) {
                    to = i + 1;
                    id = owner_.ends_[node] - 1;
                }
            }
            if (to == from) {
                return false;
            }
            const auto [low, high] = std::minmax_element(
                word_.begin() + static_cast<std::ptrdiff_t>(from), word_.begin() + static_cast<std::ptrdiff_t>(to),
                [](const Character& a, const Character& b) { return a.begin < b.begin; });
            pieces_.push_back({id, low->begin, high->end});
            from = to;
        }
        return true;
    }

    const WordPiece& owner_;
    std::vector<Piece>& pieces_;
    std::vector<Character> word_;  // at most longest_word characters of it
    std::size_t count_ = 0;        // of all its characters
    std::size_t run_ = 0;          // where the marks in a row begin
    std::uint32_t begin_ = 0;      // of the character that is read
    std::uint32_t end_ = 0;
    std::uint32_t word_begin_ = 0;
    std::uint32_t word_end_ = 0;
    std::string bytes_;
    std::vector<std::uint32_t> first_;  // byte of each character of the word
};

void WordPiece::encode(std::string_view text, std::vector<Piece>& pieces) const {
    if (slots_.empty()) {
        return;
    }
    Reader(*this, pieces).read(text);
}

}  // namespace fastguard
