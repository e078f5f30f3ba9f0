#include "fastguard/protected.h"

#include "fastguard/error.h"
#include "fastguard/reading.h"

#include <algorithm>
#include <random>

namespace fastguard {
namespace {

constexpr std::uint64_t kFactor = 0x9FB21C651E98DF25U;      // of the polynomial over the words of a gram; odd
constexpr std::uint64_t kCanaryMark = 0xC2B2AE3D27D4EB4FU;  // parts the fingerprints of canaries from the others
constexpr std::uint32_t kCanaryPlace = 0xFFFFFFFFU;
constexpr std::string_view kCanaryLetters = "abcdefghijklmnopqrstuvwxyz234567";

constexpr std::uint64_t power(std::uint64_t base, std::size_t exponent) noexcept {
    std::uint64_t result = 1;
    for (; exponent > 0; --exponent) {
        result *= base;
    }
    return result;
}
constexpr std::uint64_t kLeaving = power(kFactor, ProtectedTexts::kGram);

std::uint8_t check_of(std::uint64_t mixed) noexcept { return static_cast<std::uint8_t>(mixed >> 56U); }

}  // namespace

struct ProtectedTexts::Entry {
    std::string name;
    std::vector<std::uint8_t> checks;  // of each word; empty: a canary
    std::atomic<bool> alive = false;
};

// A fingerprint and where it stands. `key` is written last; 0 is none.
struct ProtectedTexts::Slot {
    std::atomic<std::uint64_t> key = 0;
    std::uint32_t text = 0;
    std::uint32_t place = 0;
};

struct ProtectedTexts::Table {
    explicit Table(std::size_t capacity) : mask(capacity - 1), slots(std::make_unique<Slot[]>(capacity)) {}
    std::size_t mask;
    std::size_t used = 0;
    std::unique_ptr<Slot[]> slots;
};

ProtectedTexts::Key ProtectedTexts::random_key() {
    std::random_device source;
    Key key;
    for (std::uint64_t& part : key) {
        part = std::uint64_t{source()} << 32U | source();
    }
    return key;
}

std::string ProtectedTexts::make_canary() {
    std::random_device source;
    std::string word;
    while (word.size() < kCanarySize) {
        word.push_back(kCanaryLetters[source() % kCanaryLetters.size()]);
    }
    return word;
}

ProtectedTexts::ProtectedTexts(const Key& key) : key_(key) {}

ProtectedTexts::~ProtectedTexts() {
    for (std::atomic<Chunk*>& chunk : chunks_) {
        delete chunk.load(std::memory_order_relaxed);
    }
}

std::uint64_t ProtectedTexts::mixed(std::uint64_t hash) const noexcept {
    return fold_product(hash ^ key_[0], key_[1] | 1U);
}

std::uint64_t ProtectedTexts::finished(std::uint64_t gram) const noexcept {
    const std::uint64_t value = fold_product(gram ^ key_[2], kFactor);
    return value == 0 ? 1 : value;
}

const ProtectedTexts::Entry& ProtectedTexts::entry(std::uint32_t text) const noexcept {
    return (*chunks_[text / kChunk].load(std::memory_order_acquire))[text % kChunk];
}

std::size_t ProtectedTexts::size() const {
    const std::lock_guard lock(writing_);
    return by_name_.size();
}

std::vector<std::string> ProtectedTexts::names() const {
    const std::lock_guard lock(writing_);
    std::vector<std::string> result;
    result.reserve(by_name_.size());
    for (const auto& [name, text] : by_name_) {
        result.push_back(name);
    }
    std::sort(result.begin(), result.end());
    return result;
}

std::string ProtectedTexts::name(std::uint32_t text) const {
    const std::lock_guard lock(writing_);
    return text < count_ ? entry(text).name : std::string();
}

bool ProtectedTexts::remove(const std::string& name) {
    const std::lock_guard lock(writing_);
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) {
        return false;
    }
    (*chunks_[found->second / kChunk].load())[found->second % kChunk].alive.store(false, std::memory_order_release);
    by_name_.erase(found);
    return true;
}

// Under the lock.
std::uint32_t ProtectedTexts::put(const std::string& name, std::vector<std::uint8_t> checks) {
    if (count_ == kMostTexts) {
        throw BuildError("more than " + std::to_string(kMostTexts) + " protected texts", name, "name");
    }
    std::atomic<Chunk*>& chunk = chunks_[count_ / kChunk];
    if (chunk.load(std::memory_order_relaxed) == nullptr) {
        chunk.store(new Chunk, std::memory_order_release);
    }
    Entry& made = (*chunk.load(std::memory_order_relaxed))[count_ % kChunk];
    made.name = name;
    made.checks = std::move(checks);
    made.alive.store(true, std::memory_order_release);
    if (const auto old = by_name_.find(name); old != by_name_.end()) {
        (*chunks_[old->second / kChunk].load())[old->second % kChunk].alive.store(false, std::memory_order_release);
    }
    by_name_[name] = count_;
    return count_++;
}

void ProtectedTexts::insert(std::uint64_t fingerprint, std::uint32_t text, std::uint32_t place) {
    Table& table = *tables_.back();
    std::size_t at = fingerprint & table.mask;
    std::size_t same = 0;
    for (std::uint64_t key = 0; (key = table.slots[at].key.load(std::memory_order_relaxed)) != 0;
         at = (at + 1) & table.mask) {
        const bool alive = entry(table.slots[at].text).alive.load(std::memory_order_relaxed);
        same += key == fingerprint && alive ? 1 : 0;
        if (same == kSameKey) {
            return;
        }
    }
    table.slots[at].text = text;
    table.slots[at].place = place;
    table.slots[at].key.store(fingerprint, std::memory_order_release);
    ++table.used;
}

// Room for `more` fingerprints: a greater table is filled first and shown then.
void ProtectedTexts::reserve(std::size_t more) {
    const Table* old = tables_.empty() ? nullptr : tables_.back().get();
    const std::size_t used = old == nullptr ? 0 : old->used;
    if (old != nullptr && 2 * (used + more) <= old->mask + 1) {
        return;
    }
    std::size_t living = 0;
    for (std::size_t i = 0; old != nullptr && i <= old->mask; ++i) {
        const bool taken = old->slots[i].key.load(std::memory_order_relaxed) != 0;
        living += taken && entry(old->slots[i].text).alive.load(std::memory_order_relaxed) ? 1 : 0;
    }
    std::size_t capacity = 1024;
    while (capacity < 4 * (living + more)) {
        capacity *= 2;
    }
    tables_.push_back(std::make_unique<Table>(capacity));
    for (std::size_t i = 0; old != nullptr && i <= old->mask; ++i) {
        const std::uint64_t key = old->slots[i].key.load(std::memory_order_relaxed);
        if (key != 0 && entry(old->slots[i].text).alive.load(std::memory_order_relaxed)) {
            insert(key, old->slots[i].text, old->slots[i].place);
        }
    }
    table_.store(tables_.back().get(), std::memory_order_release);
}

void ProtectedTexts::add(const std::string& name, std::string_view utf8) {
    if (utf8.size() > kMostBytes) {
        throw BuildError("more than " + std::to_string(kMostBytes >> 20U) + " MB of text", name, "text");
    }
    ReadingScratch scratch;
    Reading reading;
    Segment segment;
    segment.raw = utf8;
    read_segment(segment, WordTables::none(), scratch, reading);
    const std::size_t count = reading.tokens.size();
    if (count < kLeastRun || reading.tokens.back().end - reading.tokens.front().begin < kLeastBytes) {
        throw BuildError("has fewer than " + std::to_string(kLeastRun) + " words or " + std::to_string(kLeastBytes) +
                             " bytes: so little is found in texts that hold nothing of it",
                         name, "text");
    }
    std::vector<std::uint8_t> checks(count);
    std::vector<std::uint64_t> words(count);
    std::vector<std::uint64_t> grams(count - kGram + 1);
    std::uint64_t gram = 0;
    for (std::size_t i = 0; i < count; ++i) {
        words[i] = mixed(reading.tokens[i].hash);
        checks[i] = check_of(words[i]);
        gram = gram * kFactor + words[i] - (i >= kGram ? words[i - kGram] * kLeaving : 0);
        if (i + 1 >= kGram) {
            grams[i + 1 - kGram] = finished(gram);
        }
    }
    const std::lock_guard lock(writing_);
    const std::uint32_t text = put(name, std::move(checks));
    reserve(grams.size());
    std::size_t kept = grams.size();
    for (std::size_t begin = 0; begin + kWindow <= grams.size(); ++begin) {
        std::size_t least = begin;
        for (std::size_t i = begin + 1; i < begin + kWindow; ++i) {
            least = grams[i] <= grams[least] ? i : least;
        }
        if (least != kept) {
            insert(grams[least], text, static_cast<std::uint32_t>(least));
            kept = least;
        }
    }
}

void ProtectedTexts::add_canary(const std::string& name, std::string_view word) {
    if (word.size() != kCanarySize || word.find_first_not_of(kCanaryLetters) != std::string_view::npos) {
        throw BuildError("is no canary: expected " + std::to_string(kCanarySize) + " of the letters a-z and 2-7", name,
                         "word");
    }
    std::string padded(word);
    padded.append(kViewPadding, '\0');
    const std::lock_guard lock(writing_);
    const std::uint32_t text = put(name, {});
    reserve(1);
    insert(finished(mixed(hash_bytes(padded.data(), word.size())) ^ kCanaryMark), text, kCanaryPlace);
}

// One pass over one view.
class ProtectedTexts::Search {
  public:
    Search(const ProtectedTexts& store, const Table& table, std::span<const Token> tokens) noexcept
        : store_(store), table_(table), tokens_(tokens) {}

    // The longest run through the gram that begins at token `first`, not before `free`; empty where there is none.
    ProtectedMatch run_at(std::uint64_t fingerprint, std::size_t first, std::size_t free) const noexcept {
        ProtectedMatch best{};
        each(fingerprint, [&](const Slot& slot, const Entry& entry) {
            if (slot.place == kCanaryPlace) {
                return;
            }
            const std::vector<std::uint8_t>& checks = entry.checks;
            std::size_t begin = first;
            std::size_t place = slot.place;
            while (begin > free && place > 0 && checks[place - 1] == word(begin - 1)) {
                --begin;
                --place;
            }
            std::size_t end = first + kGram;
            place = slot.place + kGram;
            while (end < tokens_.size() && place < checks.size() && checks[place] == word(end)) {
                ++end;
                ++place;
            }
            const bool enough = end - begin >= kLeastRun && tokens_[end - 1].end - tokens_[begin].begin >= kLeastBytes;
            if (enough && end - begin > best.last - best.first) {
                best = {slot.text, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end), false};
            }
        });
        return best;
    }

    ProtectedMatch canary_at(std::size_t token) const noexcept {
        ProtectedMatch found{};
        const std::uint64_t fingerprint = store_.finished(store_.mixed(tokens_[token].hash) ^ kCanaryMark);
        each(fingerprint, [&](const Slot& slot, const Entry&) {
            if (slot.place == kCanaryPlace) {
                found = {slot.text, static_cast<std::uint32_t>(token), static_cast<std::uint32_t>(token + 1), true};
            }
        });
        return found;
    }

  private:
    [[nodiscard]] std::uint8_t word(std::size_t token) const noexcept {
        return check_of(store_.mixed(tokens_[token].hash));
    }

    template <class F>
    void each(std::uint64_t fingerprint, F&& use) const noexcept {
        std::size_t at = fingerprint & table_.mask;
        for (std::uint64_t key = 0; (key = table_.slots[at].key.load(std::memory_order_acquire)) != 0;
             at = (at + 1) & table_.mask) {
            if (key == fingerprint) {
                const Entry& entry = store_.entry(table_.slots[at].text);
                if (entry.alive.load(std::memory_order_acquire)) {
                    use(table_.slots[at], entry);
                }
            }
        }
    }

    const ProtectedTexts& store_;
    const Table& table_;
    std::span<const Token> tokens_;
};

std::size_t ProtectedTexts::find(std::span<const Token> tokens, std::span<ProtectedMatch> out,
                                 bool& truncated) const noexcept {
    const Table* table = table_.load(std::memory_order_acquire);
    if (table == nullptr) {
        return 0;
    }
    const Search search(*this, *table, tokens);
    std::size_t count = 0;
    const auto emit = [&](const ProtectedMatch& match) {
        truncated = truncated || count == out.size();
        if (count < out.size()) {
            out[count++] = match;
        }
    };
    std::array<std::uint64_t, 8> words{};  // of the last tokens, by their number modulo 8
    static_assert(kGram < 8);
    std::uint64_t gram = 0;
    std::size_t begin = 0;  // of the words that `gram` is made of
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (tokens[i].size() == kCanarySize) {
            if (const ProtectedMatch canary = search.canary_at(i); canary.canary) {
                emit(canary);
            }
        }
        const std::uint64_t word = mixed(tokens[i].hash);
        gram = gram * kFactor + word;
        if (i >= begin + kGram) {
            gram -= words[(i - kGram) % 8] * kLeaving;
        }
        words[i % 8] = word;
        if (i + 1 < begin + kGram) {
            continue;
        }
        const std::uint64_t fingerprint = finished(gram);
        if (table->slots[fingerprint & table->mask].key.load(std::memory_order_relaxed) == 0) {
            continue;
        }
        const ProtectedMatch run = search.run_at(fingerprint, i + 1 - kGram, begin);
        if (run.last == 0) {
            continue;
        }
        for (std::uint32_t piece = run.first; piece < run.last;) {
            std::uint32_t end = piece + 1;
            while (end < run.last && tokens[end].end - tokens[piece].begin <= kMostRun) {
                ++end;
            }
            emit({run.text, piece, end, false});
            piece = end;
        }
        begin = run.last;
        i = run.last - 1;
        gram = 0;
    }
    return count;
}

}  // namespace fastguard
