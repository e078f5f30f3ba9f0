// The files that bench_stages.py writes: a pack, a gate, texts; little-endian numbers, strings after their size.
#pragma once

#include "fastguard/gate.h"
#include "fastguard/pack.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace stage_files {

using namespace fastguard;

// Throws std::runtime_error where a file cannot be read or ends too early.
class Reader {
  public:
    explicit Reader(const char* path) {
        std::ifstream file(path, std::ios::binary);
        if (!file) {
            throw std::runtime_error(std::string("cannot read ") + path);
        }
        bytes_.assign(std::istreambuf_iterator<char>(file), {});
    }
    std::uint32_t number() { return take<std::uint32_t>(); }
    float real() { return take<float>(); }
    std::string string() {
        const std::uint32_t size = number();
        need(size);
        at_ += size;
        return bytes_.substr(at_ - size, size);
    }
    std::vector<std::string> strings() {
        std::vector<std::string> result(number());
        std::generate(result.begin(), result.end(), [this] { return string(); });
        return result;
    }

  private:
    void need(std::size_t size) const {
        if (bytes_.size() - at_ < size) {
            throw std::runtime_error("a file ends too early");
        }
    }
    template <class T>
    T take() {
        need(sizeof(T));
        T value;
        std::memcpy(&value, bytes_.data() + at_, sizeof value);
        at_ += sizeof value;
        return value;
    }
    std::string bytes_;
    std::size_t at_ = 0;
};

template <std::size_t N>
std::uint8_t place(const std::array<std::string_view, N>& list, const std::string& name) {
    const auto found = index_of(list, name);
    if (!found) {
        throw std::runtime_error("unknown name: " + name);
    }
    return *found;
}

template <std::size_t N>
std::uint8_t bits(const std::array<std::string_view, N>& list, const std::vector<std::string>& names) {
    std::uint8_t result = 0;
    for (const std::string& name : names) {
        result = static_cast<std::uint8_t>(result | 1U << place(list, name));
    }
    return result;
}

inline SignatureSpec read_signature(Reader& file) {
    SignatureSpec spec;
    spec.id = file.string();
    spec.category = place(kCategories, file.string());
    spec.severity = place(kSeverities, file.string());
    spec.tier = static_cast<std::uint8_t>(file.number());
    spec.kind = static_cast<SignatureKind>(place(kSignatureKinds, file.string()));
    spec.views = bits(kViews, file.strings());
    const auto sources = file.strings();
    spec.sources = sources.empty() ? kAllSources : bits(kSources, sources);
    spec.enabled = file.number() != 0;
    spec.pattern = file.string();
    spec.validators = file.strings();
    spec.entropy = static_cast<double>(file.real());
    spec.keep_value = file.number() != 0;
    spec.slots = file.strings();
    spec.within = file.number();
    spec.ordered = file.number() != 0;
    spec.unless = file.strings();
    spec.candidate = file.string();
    spec.formats = file.strings();
    spec.context = file.strings();
    spec.needs_context = file.number() != 0;
    spec.mention = file.number() != 0;
    spec.fallback = file.number() != 0;
    return spec;
}

inline std::shared_ptr<const Pack> read_pack(const char* path) {
    Reader file(path);
    std::vector<SignatureSpec> signatures(file.number());
    std::generate(signatures.begin(), signatures.end(), [&file] { return read_signature(file); });
    Concepts concepts(file.number());
    for (auto& [name, entries] : concepts) {
        name = file.string();
        entries = file.strings();
    }
    const std::string databases = file.string();
    return std::make_shared<Pack>(std::move(signatures), concepts, databases);
}

inline std::shared_ptr<const Gate> read_gate(const char* path) {
    Reader file(path);
    std::vector<Label> labels(file.number());
    for (Label& label : labels) {
        label.name = file.string();
        label.category = place(kCategories, file.string());
        const auto sources = file.strings();
        label.sources = sources.empty() ? kAllSources : bits(kSources, sources);
        for (float* value :
             {&label.bias, &label.gate.a, &label.gate.b, &label.gate.w, &label.gate.s, &label.low, &label.high}) {
            *value = file.real();
        }
        for (float& weight : label.dense) {
            weight = file.real();
        }
    }
    const float scale = file.real();
    const std::string bytes = file.string();
    std::vector<std::int16_t> table(bytes.size() / sizeof(std::int16_t));
    std::memcpy(table.data(), bytes.data(), table.size() * sizeof(std::int16_t));
    return std::make_shared<Gate>(std::move(table), std::move(labels), scale);
}

}  // namespace stage_files
