// What loading may throw. Nothing on the path of a check throws.
#pragma once

#include <stdexcept>
#include <string>

namespace fastguard {

// A signature, concept, policy or model that cannot be used. `id` names the thing, `field` the part of it that is
// wrong.
class BuildError : public std::runtime_error {
  public:
    BuildError(const std::string& message, std::string id, std::string field)
        : std::runtime_error(message), id_(std::move(id)), field_(std::move(field)) {}
    [[nodiscard]] const std::string& id() const noexcept { return id_; }
    [[nodiscard]] const std::string& field() const noexcept { return field_; }

  private:
    std::string id_;
    std::string field_;
};

// Serialized databases that this build of the engine cannot load. The answer is to compile again, never to fail.
class DatabaseError : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace fastguard
