// Which kernels this CPU can run, and which one is in use.
#include "kernel_sets.h"

#include <array>
#include <atomic>
#include <cstdlib>

namespace fastguard {
namespace {

struct Available {
    std::array<const Kernel*, 3> list{};
    std::size_t count = 0;
    void add(const Kernel& kernel) noexcept { list[count++] = &kernel; }
};

// Best first; AVX-512 last, because it is never chosen by itself.
const Available& available() noexcept {
    static const Available found = [] {
        Available a;
#if defined(__x86_64__)
        __builtin_cpu_init();
        const bool bits =
            __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
        if (bits && __builtin_cpu_supports("avx2")) {
            a.add(kernels::avx2);
        }
        a.add(kernels::scalar);
        // libgcc's check includes the XCR0 state: false where the system has AVX-512 switched off.
        if (bits && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512vl")) {
            a.add(kernels::avx512);
        }
#else
#if defined(__aarch64__)
        a.add(kernels::neon);
#endif
        a.add(kernels::scalar);
#endif
        return a;
    }();
    return found;
}

const Kernel* find(std::string_view name) noexcept {
    for (const Kernel* kernel : available_kernels()) {
        if (kernel->name == name) {
            return kernel;
        }
    }
    return nullptr;
}

std::atomic<const Kernel*>& active() noexcept {
    static std::atomic<const Kernel*> kernel = [] {
        const char* wanted = std::getenv("FASTGUARD_KERNEL");
        const Kernel* forced = wanted == nullptr ? nullptr : find(wanted);
        return forced != nullptr ? forced : available().list[0];
    }();
    return kernel;
}

}  // namespace

std::span<const Kernel* const> available_kernels() noexcept {
    const Available& a = available();
    return {a.list.data(), a.count};
}

const Kernel& active_kernel() noexcept { return *active().load(std::memory_order_relaxed); }

bool set_active_kernel(std::string_view name) noexcept {
    const Kernel* kernel = find(name);
    if (kernel != nullptr) {
        active().store(kernel, std::memory_order_relaxed);
    }
    return kernel != nullptr;
}

}  // namespace fastguard
