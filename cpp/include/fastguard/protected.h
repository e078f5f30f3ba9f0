// Protected texts: what must not come out again (a system prompt, a contract), recognised by keyed fingerprints.
//
//   ProtectedTexts store(key);                      // one per guard; all threads
//   store.add("support prompt", utf8);              // keeps hashes, nothing of the text
//   store.find(tokens, out, truncated); // runs of words that a protected text has as well
//
// Of a protected text are kept: a hash of kGram words in a row for about two of five places (winnowing: of every
// kWindow places in a row at least one), and eight bits of a keyed hash of each word. So a run of kLeastRun words that
// both texts have is found wherever it stands, and the eight bits say exactly how far it goes (one word too far in one
// of 256 cases). Case, accents and punctuation do not count. Without the key nothing can be tried out on the hashes.
//
// Adding locks, finding does not: readers see what was added before they look, and may see what is added meanwhile.
#pragma once

#include "fastguard/kernels.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fastguard {

struct ProtectedMatch {
    std::uint32_t text;   // of `name`
    std::uint32_t first;  // tokens, half open
    std::uint32_t last;
    bool canary;
};

class ProtectedTexts {
  public:
    static constexpr std::size_t kGram = 6;         // words of a fingerprint
    static constexpr std::size_t kWindow = 4;       // places of which one is kept
    static constexpr std::size_t kLeastRun = 10;    // words that make a leak; at least kGram + kWindow - 1
    static constexpr std::size_t kLeastBytes = 40;  // and bytes: in some scripts each letter is a word
    static constexpr std::size_t kMostRun = 512;    // bytes of one match; a longer run is several
    static constexpr std::size_t kMostTexts = std::size_t{1} << 22U;
    static constexpr std::size_t kMostBytes = std::size_t{1} << 24U;  // of one text
    static constexpr std::size_t kCanarySize = 24;                    // letters a-z and digits 2-7, one word
    static constexpr std::size_t kSameKey =
        8;  // texts that one fingerprint is kept for; more share what they have in common

    using Key = std::array<std::uint64_t, 3>;
    [[nodiscard]] static Key random_key();

    explicit ProtectedTexts(const Key& key);
    ~ProtectedTexts();
    ProtectedTexts(const ProtectedTexts&) = delete;
    ProtectedTexts& operator=(const ProtectedTexts&) = delete;

    // Adds a text, in place of the one of that name. Throws BuildError where it has fewer than kLeastRun words or
    // kLeastBytes bytes, or is too long. Amortised O(size).
    void add(const std::string& name, std::string_view utf8);

    // The same for a word of kCanarySize of the letters above.
    void add_canary(const std::string& name, std::string_view word);

    // A word that nobody else has, from the system's random numbers.
    [[nodiscard]] static std::string make_canary();

    // Forgets; false where there is none of that name.
    bool remove(const std::string& name);

    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] std::vector<std::string> names() const;
    [[nodiscard]] std::string name(std::uint32_t text) const;

    // Runs of words that a protected text has, in order, without overlap, at most out.size(); `truncated` is
    // set where there are more. `tokens` have their hashes. Linear, no lock, no allocation.
    std::size_t find(std::span<const Token> tokens, std::span<ProtectedMatch> out, bool& truncated) const noexcept;

    [[nodiscard]] bool empty() const noexcept { return table_.load(std::memory_order_acquire) == nullptr; }

  private:
    struct Entry;
    struct Slot;
    struct Table;
    class Search;
    static constexpr std::size_t kChunk = 4096;
    using Chunk = std::array<Entry, kChunk>;

    [[nodiscard]] std::uint64_t mixed(std::uint64_t hash) const noexcept;
    [[nodiscard]] std::uint64_t finished(std::uint64_t gram) const noexcept;
    [[nodiscard]] const Entry& entry(std::uint32_t text) const noexcept;
    std::uint32_t put(const std::string& name, std::vector<std::uint8_t> checks);
    void insert(std::uint64_t fingerprint, std::uint32_t text, std::uint32_t place);
    void reserve(std::size_t more);

    Key key_;
    mutable std::mutex writing_;
    std::atomic<const Table*> table_ = nullptr;
    std::vector<std::unique_ptr<Table>> tables_;  // all there were: a reader may be in an old one
    std::array<std::atomic<Chunk*>, kMostTexts / kChunk> chunks_{};
    std::uint32_t count_ = 0;
    std::unordered_map<std::string, std::uint32_t> by_name_;
};

}  // namespace fastguard
