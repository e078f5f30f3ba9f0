// Assertions of the C++ tests: a failure prints file, line and both values, the executable then exits with 1.
#pragma once

#include <iostream>
#include <string_view>
#include <type_traits>

namespace check {

inline int failures = 0;

template <typename T>
void print(const T& value) {
    if constexpr (std::is_same_v<T, bool>)
        std::cerr << (value ? "true" : "false");
    else if constexpr (std::is_enum_v<T>)
        std::cerr << static_cast<long long>(value);
    else
        std::cerr << value;
}

template <typename A, typename B>
void equal(const A& actual, const B& expected, std::string_view expression, const char* file, int line) {
    if (actual == expected) return;
    ++failures;
    std::cerr << file << ':' << line << ": " << expression << " is ";
    print(actual);
    std::cerr << ", expected ";
    print(expected);
    std::cerr << '\n';
}

inline int result() {
    if (failures != 0) std::cerr << failures << " check(s) failed\n";
    return failures == 0 ? 0 : 1;
}

}  // namespace check

#define CHECK_EQUAL(actual, expected) check::equal((actual), (expected), #actual, __FILE__, __LINE__)
#define CHECK(condition) check::equal(static_cast<bool>(condition), true, #condition, __FILE__, __LINE__)
