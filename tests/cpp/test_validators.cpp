// Each validator on published check vectors, on neighbours of them, and on random and damaged input.
#include "fastguard/validators.h"

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "check.h"

namespace {

using fastguard::ValidatorId;

void accepts(ValidatorId id, const std::vector<std::string>& cases) {
    for (const std::string& text : cases) {
        if (fastguard::validate(id, text)) continue;
        std::cerr << fastguard::validator_name(id) << " refuses \"" << text << "\"\n";
        ++check::failures;
    }
}

void refuses(ValidatorId id, const std::vector<std::string>& cases) {
    for (const std::string& text : cases) {
        if (!fastguard::validate(id, text)) continue;
        std::cerr << fastguard::validator_name(id) << " accepts \"" << text << "\"\n";
        ++check::failures;
    }
}

void every_name_leads_back_to_its_id() {
    CHECK(fastguard::validator_names().size() > static_cast<std::size_t>(ValidatorId::count_));
    for (const std::string_view name : fastguard::validator_names()) {
        const ValidatorId id = fastguard::validator_by_name(name);
        CHECK(id != ValidatorId::none);
        CHECK_EQUAL(fastguard::validator_name(id), name);
    }
    CHECK_EQUAL(fastguard::validator_by_name("luhn"), ValidatorId::none);
    CHECK_EQUAL(fastguard::validator_by_name(""), ValidatorId::none);
    CHECK_EQUAL(fastguard::validator_name(ValidatorId::none), "");
    CHECK(fastguard::validate(ValidatorId::none, "anything"));
    CHECK(!fastguard::validate(static_cast<ValidatorId>(255), "anything"));
    CHECK_EQUAL(fastguard::validator_by_name("luhn_card"), ValidatorId::luhn_card);
    CHECK_EQUAL(fastguard::validator_by_name("url_password"), ValidatorId::url_password);
}

void entropy_is_that_of_shannon() {
    CHECK_EQUAL(fastguard::shannon_entropy(""), 0.0);
    CHECK_EQUAL(fastguard::shannon_entropy("aaaa"), 0.0);
    CHECK(std::abs(fastguard::shannon_entropy("abab") - 1.0) < 1e-12);
    CHECK(std::abs(fastguard::shannon_entropy("0123456789abcdef") - 4.0) < 1e-12);
    CHECK(std::abs(fastguard::shannon_entropy("aab") - 0.9182958340544896) < 1e-12);
}

void value_of_an_assignment_is_found() {
    CHECK_EQUAL(fastguard::assigned_value("password = \"hunter-22\""), "hunter-22");
    CHECK_EQUAL(fastguard::assigned_value("password: 'x-1'"), "x-1");
    CHECK_EQUAL(fastguard::assigned_value("API_KEY=abc+/9=="), "abc+/9==");
    CHECK_EQUAL(fastguard::assigned_value("token => `q7`;"), "q7");
    CHECK_EQUAL(fastguard::assigned_value("alone"), "alone");
    CHECK_EQUAL(fastguard::assigned_value("\"pwd\": \"a=b:c,d\""), "a=b:c,d");
    CHECK_EQUAL(fastguard::assigned_value("{\\\"key\\\": \\\"q7"), "q7");
    CHECK_EQUAL(fastguard::assigned_value("password: str = 'x-1'"), "x-1");
    CHECK_EQUAL(fastguard::assigned_value("the password is x-1"), "x-1");
    CHECK_EQUAL(fastguard::assigned_value("abc+/9=="), "abc+/9==");
    CHECK_EQUAL(fastguard::assigned_value("Authorization: Bearer q7"), "q7");
    CHECK_EQUAL(fastguard::assigned_value("{\\\"key\\\": \\\"q7\\\""), "q7");
    CHECK_EQUAL(fastguard::assigned_value("key="), "key=");
    CHECK_EQUAL(fastguard::assigned_value(""), "");
}

void cards_follow_issuer_and_luhn() {
    accepts(ValidatorId::luhn_card, {"4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "4222222222222",
                                     "5555555555554444", "2223003122003222", "378282246310005", "3782 822463 10005",
                                     "30569309025904", "3056 930902 5904", "6011111111111117", "3530111333300000",
                                     "6200000000000005", "6304000000000000", "4000 0000 0000 0000 006"});
    refuses(ValidatorId::luhn_card,
            {"4111111111111112", "411111111111111", "1111111111111117", "0000000000000000", "4111  1111 1111 1111",
             "4111 1111-1111 1111", "41 11 11 11 11 11 11 11", "4111 1111 1111 1111 ", "378282246310005 1",
             "41111111111111111111", "", "4111111111111111a", "9999999999999995"});
    std::mt19937_64 random(11);
    int accepted = 0;
    for (int i = 0; i < 10000; ++i) {
        std::string number = "4";
        for (int digit = 1; digit < 16; ++digit) number += static_cast<char>('0' + random() % 10);
        accepted += fastguard::validate(ValidatorId::luhn_card, number) ? 1 : 0;
    }
    CHECK(accepted > 850 && accepted < 1150);  // one in ten
}

void iban_follows_length_and_mod_97() {
    accepts(ValidatorId::iban, {"DE89370400440532013000", "DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819",
                                "gb29 nwbk 6016 1331 9268 19", "FR1420041010050500013M02606", "NO9386011117947",
                                "MT84MALT011000012345MTLCAST001S", "CH93-0076-2011-6238-5295-7", "NL91ABNA0417164300",
                                "SA0380000000608010167519", "BR1800360305000010009795493C1"});
    refuses(ValidatorId::iban,
            {"DE89370400440532013001", "DE8937040044053201300", "DE893704004405320130000", "XX89370400440532013000",
             "DE89 37040044 0532 0130 00", "DE89 3704 0044 0532 0130 00 ", "DE89 3704-0044 0532 0130 00", "", "DE89",
             "89DE370400440532013000", "DE89_3704_0044_0532_0130_00"});
    std::mt19937_64 random(12);
    int accepted = 0;
    for (int i = 0; i < 10000; ++i) {
        std::string number = "DE";
        for (int digit = 0; digit < 20; ++digit) number += static_cast<char>('0' + random() % 10);
        accepted += fastguard::validate(ValidatorId::iban, number) ? 1 : 0;
    }
    CHECK(accepted > 60 && accepted < 150);  // one in 97
}

void social_security_numbers_follow_the_rules_of_the_ssa() {
    accepts(ValidatorId::us_ssn, {"536-90-4399", "001-01-0001", "899-99-9998", "772-31-0042"});
    refuses(ValidatorId::us_ssn,
            {"000-12-3456", "666-12-3456", "900-12-3456", "987-65-4321", "536-00-4399", "536-90-0000", "078-05-1120",
             "219-09-9999", "457-55-5462", "123-45-6789", "333-33-3333", "536 90 4399", "536904399", "536-90 4399",
             "536-90-43999", "53-690-4399"});
}

void phone_numbers_follow_national_plans() {
    accepts(ValidatorId::phone_e164,
            {"+14155552671", "+1 415 555 2671", "+1 (415) 555-2671", "+1-415-555-2671x123", "+44 20 7946 0958",
             "+44 (0)20 7946 0958", "+49 30 123456", "+49 (0) 30 123456", "0049 30 901820", "+33 1 42 68 53 00",
             "+81-3-1234-5678", "+91 98765 43210", "+86 138 0013 8000", "+55 11 96123-4567", "(+44) 20 7946 0958",
             "+49 30 / 901820", "+39 06 6982", "+971 50 123 4567"});
    refuses(ValidatorId::phone_e164, {"4155552671",
                                      "+1 115 555 2671",
                                      "+1 415 155 2671",
                                      "+1 911 555 2671",
                                      "+1415555267",
                                      "+141555526711",
                                      "+999 1234567",
                                      "+44 1234",
                                      "+44  20 7946 0958",
                                      "+44 (20 7946 0958",
                                      "+44 20) 7946 0958",
                                      "+44-",
                                      "+",
                                      "+44 20 7946 0958 ",
                                      "+4411111111111",
                                      "0000 1234 5678",
                                      "+49 30 12345678901234",
                                      "+1 415 555 2671x1234567",
                                      "0049307654321",
                                      "+2100000000"});
}

void addresses_of_networks_follow_their_grammar() {
    accepts(ValidatorId::ipv4, {"8.8.8.8", "192.168.0.1", "10.0.0.254", "203.0.113.255", "1.2.3.4"});
    refuses(ValidatorId::ipv4, {"0.0.0.0", "127.0.0.1", "255.255.255.0", "256.1.1.1", "1.2.3", "1.2.3.4.5", "01.2.3.4",
                                "1.2.3.04", "1..2.3", "1.2.3.4 ", "1.2.3.1000", "a.b.c.d", ""});
    accepts(ValidatorId::ipv6, {"2001:db8::1", "2001:0db8:85a3:0000:0000:8a2e:0370:7334", "fe80::1ff:fe23:4567:890a",
                                "::ffff:192.0.2.128", "64:ff9b::192.0.2.33", "2001:db8::", "1:2:3:4:5:6:7:8", "::2",
                                "1:2:3:4:5:6:7::", "::3:4:5:6:7:8", "1:2:3:4:5:6:1.2.3.4", "2001:DB8::A"});
    refuses(ValidatorId::ipv6, {"::", "::1", "0:0:0:0:0:0:0:1", "0::0", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3",
                                ":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "12345::1", "g::1", "1:2:3:4:5:6:7:1.2.3.4",
                                "::1.2.3", ":::", "::ffff:1.2.3.256", "1:::2", "1:2:3:4:5:6:7::8", "", ":"});
    accepts(ValidatorId::mac, {"00:1b:63:84:45:e6", "00-1B-63-84-45-E6", "001b.6384.45e6"});
    refuses(ValidatorId::mac, {"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "00:1b:63:84:45", "00:1b-63:84:45:e6",
                               "001b:6384:45e6", "0011.2233.4455", "00:1b:63:84:45:e6:", "00:1b:63:84:45:eg", ""});
}

void mail_addresses_end_in_a_top_level_domain() {
    accepts(ValidatorId::email,
            {"a@b.co", "first.last+tag@sub.example.org", "x_y%z@xn--bcher-kva.example", "me@firma.xn--p1ai", "1@2.de"});
    refuses(ValidatorId::email, {"a@b", "a@b.c", "@b.co", "a@", "a@b..co", "a..b@c.de", ".a@b.co", "a.@b.co",
                                 "image@2x.png", "a@b.c0m", "wg-quick@wg0.service", "pkg@1.2.beta", "a@-b.co",
                                 "a@b-.co", "a b@c.de", "a@b.co.", "a@b@c.de", "a@xn--"});
    CHECK(!fastguard::validate(ValidatorId::email, std::string(65, 'a') + "@b.co"));
    CHECK(fastguard::validate(ValidatorId::email, std::string(64, 'a') + "@b.co"));
    CHECK(!fastguard::validate(ValidatorId::email, "a@" + std::string(64, 'b') + ".co"));
}

void tokens_are_known_by_structure() {
    // {"alg":"HS256","typ":"JWT"} . {"sub":"42","name":"Ann"} . 32 bytes
    accepts(ValidatorId::jwt, {"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI0MiIsIm5hbWUiOiJBbm4ifQ."
                               "c2lnbmF0dXJlLW9mLXRoaXJ0eS10d28tYnl0ZXM"});
    refuses(ValidatorId::jwt,
            {"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI0MiIsIm5hbWUiOiJBbm4ifQ",
             "eyJmb28iOiJiYXIifQ.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl", "not.a.token",
             "eyJhbGciOiJIUzI1NiJ9.YWJj.c2lnbmF0dXJl", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.", "a.b.c", ""});
    accepts(ValidatorId::github_crc,
            {"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"});  // printed in the announcement of the format
    refuses(ValidatorId::github_crc,
            {"ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18", "ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkK0mLq17",
             "ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq1", "", "ghp_", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"});
    accepts(ValidatorId::pem,
            {"-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAt3V0bWQ5c2RmZ2hqa2xxd2Vy\n-----END RSA PRIVATE KEY-----",
             "-----BEGIN PRIVATE KEY-----\\nMIIEowIBAAKCAQEAt3V0bWQ5c2RmZ2hqa2xxd2Vy"});
    refuses(ValidatorId::pem, {"-----BEGIN RSA PRIVATE KEY-----",
                               "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----", "BEGIN PRIVATE KEY", ""});
    accepts(ValidatorId::aws_access_key_id, {"AKIA2E0A8F3B244C9986", "ASIAQ7ZK3PWX5RT2VBNM"});
    refuses(ValidatorId::aws_access_key_id,
            {"AKIAIOSFODNN7EXAMPLE", "AKIAXXXXXXXXXXXXXXXX", "AKIA1234567890123456", "AKIAABCDEFGHIJKLMNOP", "AKIA"});
    accepts(ValidatorId::aws_secret_key, {"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"});
    refuses(ValidatorId::aws_secret_key,
            {"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "356a192b7913b04c54574d18c28d46e6395428ab",
             "src/main/java/com/acme/service/UserImpl1", "kJ8s+Zq1vN/4mXw7RbT2yLpQ9dHfG3cVeA0uOi5"});
    accepts(ValidatorId::uuid, {"9b2f1c7e-3d4a-4b6c-8e1f-0a9d8c7b6e5f"});
    refuses(ValidatorId::uuid, {"00000000-0000-0000-0000-000000000000", "9b2f1c7e3d4a4b6c8e1f0a9d8c7b6e5f",
                                "9b2f1c7e-3d4a-4b6c-8e1f-0a9d8c7b6e5g"});
}

void placeholders_and_code_are_no_secrets() {
    refuses(ValidatorId::not_placeholder,
            {"", "${TOKEN}", "<your token>", "{{ secret }}", "xxxxxxxx", "sk-XXXXXXXXXXXX", "changeme", "CHANGE_ME_123",
             "aaaaaaaa", "abcdefgh12", "key-12345678", "$TOKEN", "%TOKEN%", "your-api-key-here", "********",
             "AKIAIOSFODNN7EXAMPLE"});
    accepts(ValidatorId::not_placeholder, {"q7Zt9LmX2", "hunter2", "1029384756"});
    accepts(ValidatorId::generic_secret, {"q7Zt9-LmX2v_B4nK8w", "q7Zt9LmX2vB4nK8w", "3f9a1c7e5b2d8046af13c9e7",
                                          "Tr0ub4dor&3-horse9", "k9-Xv2_Qm7Lp4Rt8"});
    refuses(ValidatorId::generic_secret,
            {"NEXUS-GPT4-API-KEY", "jjwt-jackson-0.11.2", "struct_X509_pubkey_st", "my_api_key_name_2",
             "getTokenFromHeader", "process.env.API_KEY1", "os.environ['KEY1']", "config.get(\"k1\")", "short1A",
             "9b2f1c7e-3d4a-4b6c-8e1f-0a9d8c7b6e5f", "path/to/secret/file1", "AccessTokenResponse",
             "https://a.example/t1", "111111111111"});
    accepts(ValidatorId::password_value,
            {"Summer2024!", "S3cure-Horse", "q7Zt9LmX2.", "correct-horse-9", "P@ssw0rd!9", "zxcv7788"});
    refuses(ValidatorId::password_value, {"password", "new_password", "user.password", "getPassword()", "${DB_PASS}",
                                          "<password>", "changeme", "12345678", "self.pass1", "a1"});
    accepts(ValidatorId::url_password,
            {"postgres://app:q7Zt9LmX2@db.internal/app", "https://bot:S3cure-Horse@host.example/x"});
    refuses(ValidatorId::url_password,
            {"postgres://user:password@localhost/db", "postgres://app:${DB_PASS}@db/app", "https://host.example/a:b@c",
             "mysql://benutzer:passwort@host", "redis://root:root@h", "x"});
}

void every_validator_takes_any_bytes() {
    std::mt19937_64 random(13);
    const std::string_view alphabet = "0123456789abcdefABCDEFxz+-.:/@_ ()=\"{}<>$%\n\xC3\xA9\x00\xFF";
    for (int round = 0; round < 20000; ++round) {
        std::string text;
        const auto size = random() % 70;
        for (std::size_t i = 0; i < size; ++i) text += alphabet[random() % alphabet.size()];
        for (std::uint8_t id = 0; id < static_cast<std::uint8_t>(ValidatorId::count_); ++id)
            static_cast<void>(fastguard::validate(static_cast<ValidatorId>(id), text));
        static_cast<void>(fastguard::assigned_value(text));
    }
    for (const char c : {'1', 'a', ':', '.', '=', '-', '\0'}) {
        const std::string text(1 << 20, c);
        for (std::uint8_t id = 1; id < static_cast<std::uint8_t>(ValidatorId::count_); ++id)
            CHECK(!fastguard::validate(static_cast<ValidatorId>(id), text));
    }
}

}  // namespace

int main() {
    every_name_leads_back_to_its_id();
    entropy_is_that_of_shannon();
    value_of_an_assignment_is_found();
    cards_follow_issuer_and_luhn();
    iban_follows_length_and_mod_97();
    social_security_numbers_follow_the_rules_of_the_ssa();
    phone_numbers_follow_national_plans();
    addresses_of_networks_follow_their_grammar();
    mail_addresses_end_in_a_top_level_domain();
    tokens_are_known_by_structure();
    placeholders_and_code_are_no_secrets();
    every_validator_takes_any_bytes();
    return check::result();
}
