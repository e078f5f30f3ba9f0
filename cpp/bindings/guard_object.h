// The native part of `Guard` and what its functions share.
#pragma once

#include "fastguard/error.h"
#include "python.h"

#include <atomic>

namespace fastguard::python {

// An engine and the Python objects that go with it. Counted, because a reload swaps it under running calls.
struct EngineState {
    Engine engine;
    PyObject* metas;        // tuple of what findings say about signatures
    PyObject* scorer;       // callable of the model that belongs to this engine; null: the guard's `_score_windows`
    PyObject* deep_scorer;  // callable of the deep model; null: none
    std::atomic<long> references = 1;

    EngineState(Engine made, PyObject* owned_metas, PyObject* owned_scorer, PyObject* owned_deep_scorer)
        : engine(std::move(made)), metas(owned_metas), scorer(owned_scorer), deep_scorer(owned_deep_scorer) {}
};

struct GuardObject {
    PyObject_HEAD EngineState* state;
};

// Holds the state of a guard for one call. Made and ended with the GIL held.
class Hold {
  public:
    explicit Hold(PyObject* guard) noexcept;
    ~Hold();
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

    // False with an exception set where the guard was never initialised.
    explicit operator bool() const noexcept { return state_ != nullptr; }
    [[nodiscard]] const Engine& engine() const noexcept { return state_->engine; }
    [[nodiscard]] PyObject* metas() const noexcept { return state_->metas; }
    [[nodiscard]] PyObject* scorer() const noexcept { return state_->scorer; }
    [[nodiscard]] PyObject* deep_scorer() const noexcept { return state_->deep_scorer; }

  private:
    EngineState* state_ = nullptr;
};

// Texts above this size are checked without the GIL: below it, giving it up costs more than it brings.
inline constexpr std::size_t kReleaseBytes = 2048;

// Asks the model that belongs to the held engine about undecided results, in batches, and then the deep model about
// those that are open, one by one; `texts` are those of the results. False with an exception set on failure.
[[nodiscard]] bool ask_models(PyObject* guard, const Hold& hold, std::uint8_t source, std::span<const Text> texts,
                              std::span<CheckResult> results) noexcept;

// Checks a text into `result`, a long one without the GIL, which is taken a few dozen times a second to run the
// handlers of signals. False with an exception set where one of them raised.
[[nodiscard]] bool check_released(const Engine& engine, const Text& text, std::uint8_t source,
                                  CheckResult& result) noexcept;

// Checks one text whose object is `owner`.
[[nodiscard]] Ref check_text(PyObject* guard, const Hold& hold, const Text& text, PyObject* owner,
                             std::uint8_t source) noexcept;

// Checks texts on `threads` threads (0: all cores) and returns the list of verdicts. `owner(i)` gives a new reference
// to the text's object, and is asked only where the verdict needs it; a text whose `data` is null gives None.
using OwnerFunction = PyObject* (*)(void* context, std::size_t index);
[[nodiscard]] Ref check_texts(PyObject* guard, const Hold& hold, std::span<const Text> texts, OwnerFunction owner,
                              void* context, std::uint8_t source, Py_ssize_t threads) noexcept;

// Whether an object is a GuardBase.
[[nodiscard]] bool is_guard(PyObject* object) noexcept;

// Makes `state` the state of `guard`; calls under way finish on the old one.
void swap_state(PyObject* guard, std::unique_ptr<EngineState> state) noexcept;

// Sets the Python exception of a BuildError.
void set_build_error(const BuildError& error) noexcept;

// Methods of the type, each in the file of its subject.
PyObject* guard_check_batch(PyObject* self, PyObject* args, PyObject* kwargs) noexcept;
PyObject* guard_check_arrow(PyObject* self, PyObject* args, PyObject* kwargs) noexcept;
PyObject* guard_redact(PyObject* self, PyObject* args, PyObject* kwargs) noexcept;
PyObject* guard_explain(PyObject* self, PyObject* args, PyObject* kwargs) noexcept;
PyObject* guard_protect(PyObject* self, PyObject* args) noexcept;
PyObject* guard_protect_word(PyObject* self, PyObject* args) noexcept;
PyObject* guard_unprotect(PyObject* self, PyObject* name) noexcept;
PyObject* guard_protected(PyObject* self, PyObject*) noexcept;
PyObject* guard_make_canary(PyObject*, PyObject*) noexcept;
PyObject* guard_leaks(PyObject* self, PyObject* args, PyObject* kwargs) noexcept;
int guard_init(PyObject* self, PyObject* args, PyObject* kwargs) noexcept;

}  // namespace fastguard::python
