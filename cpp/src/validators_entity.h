// The single validators behind validate(); see validators.h for what each accepts.
#pragma once

#include <string_view>

namespace fastguard::entity {

bool luhn_card(std::string_view s) noexcept;
bool iban(std::string_view s) noexcept;
bool us_ssn(std::string_view s) noexcept;
bool phone_e164(std::string_view s) noexcept;
bool ipv4(std::string_view s) noexcept;
bool ipv6(std::string_view s) noexcept;
bool mac(std::string_view s) noexcept;
bool email(std::string_view s) noexcept;
bool jwt(std::string_view s) noexcept;
bool github_crc(std::string_view s) noexcept;
bool pem(std::string_view s) noexcept;
bool aws_access_key_id(std::string_view s) noexcept;
bool aws_secret_key(std::string_view s) noexcept;
bool uuid(std::string_view s) noexcept;
bool not_placeholder(std::string_view s) noexcept;
bool generic_secret(std::string_view s) noexcept;
bool password_value(std::string_view s) noexcept;
bool url_password(std::string_view s) noexcept;

// Length of an IBAN of the country (two letters, any case), 0 for no country of the registry.
unsigned iban_length(char first, char second) noexcept;

}  // namespace fastguard::entity
