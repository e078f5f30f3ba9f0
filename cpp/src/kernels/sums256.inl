// Sums of gate rows in one register; see word_loops.inl.
struct Sums {
    static constexpr std::size_t kWidth = kGateLabels;
    __m256i total;

    FASTGUARD_TARGET Sums() noexcept : total(_mm256_setzero_si256()) {}
    FASTGUARD_TARGET void add(const void* row) noexcept {
        total = _mm256_add_epi32(total, _mm256_cvtepi16_epi32(_mm_loadu_si128(static_cast<const __m128i*>(row))));
    }
    FASTGUARD_TARGET void store(std::int32_t* out) const noexcept {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), total);
    }
};

struct FewSums {
    static constexpr std::size_t kWidth = kFewLabels;
    __m128i total;

    FASTGUARD_TARGET FewSums() noexcept : total(_mm_setzero_si128()) {}
    FASTGUARD_TARGET void add(const void* row) noexcept {
        total = _mm_add_epi32(total, _mm_cvtepi16_epi32(_mm_loadl_epi64(static_cast<const __m128i*>(row))));
    }
    FASTGUARD_TARGET void store(std::int32_t* out) const noexcept {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_zextsi128_si256(total));
    }
};
