"""Personal data and secrets: what is found, what is found wrongly, on labelled texts.

    python -m bench.bench_pii --data FOLDER [--record FILE] [--only PART] [--show ENTITY]

FOLDER holds `*.jsonl.gz`, one JSON object a line with `text` and `spans` ([[start, end, TYPE], ...]). Nothing of the
texts is kept. A span counts as found where a finding of the entity has the same start and end (strict). Texts of
recognisers' tests name several countries' formats at once, so there a finding of another entity of the same span is no
error; in running text (`presidio_generated`) it is.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path
from typing import Any

from fastguard import Guard, Limits, Policy

from bench.labelled import rows, show_and_keep

# The shared sets' names of entities, and the signatures (their last part, or a prefix with *) that stand for them.
ENTITIES: dict[str, tuple[str, ...]] = {
    "CREDIT_CARD": ("payment_card",),
    "CRYPTO": ("crypto_*",),
    "EMAIL_ADDRESS": ("email",),
    "IBAN_CODE": ("iban",),
    "IP_ADDRESS": ("ipv4", "ipv6"),
    "MAC_ADDRESS": ("mac",),
    "PHONE_NUMBER": ("phone_*",),
    "PH_MOBILE_NUMBER": ("phone_*",),
    "TR_PHONE_NUMBER": ("phone_*",),
    "US_SSN": ("us_ssn", "us_ssn_written"),
    "US_ITIN": ("us_itin",),
    "US_PASSPORT": ("us_passport",),
    "US_DRIVER_LICENSE": ("us_driver_license",),
    "US_NPI": ("us_npi",),
    "US_MBI": ("us_mbi",),
    "US_BANK_NUMBER": ("account_number",),
    "ABA_ROUTING_NUMBER": ("us_routing",),
    "CA_SIN": ("ca_sin",),
    "UK_NHS": ("uk_nhs",),
    "UK_NINO": ("uk_nino",),
    "UK_PASSPORT": ("uk_passport",),
    "UK_POSTCODE": ("postcode_uk",),
    "UK_DRIVING_LICENCE": ("uk_driving_licence",),
    "UK_VEHICLE_REGISTRATION": ("plate_uk",),
    "DE_TAX_ID": ("de_tax_id",),
    "DE_PASSPORT": ("de_passport",),
    "DE_SOCIAL_SECURITY": ("de_social_security",),
    "DE_HEALTH_INSURANCE": ("de_health_insurance",),
    "DE_LANR": ("de_lanr",),
    "ES_NIF": ("es_nif",),
    "ES_NIE": ("es_nie",),
    "ES_PASSPORT": ("es_passport",),
    "IT_FISCAL_CODE": ("it_fiscal_code",),
    "IT_VAT_CODE": ("it_vat",),
    "IT_IDENTITY_CARD": ("it_identity_card",),
    "IT_DRIVER_LICENSE": ("it_driving_licence",),
    "IT_PASSPORT": ("it_passport",),
    "PL_PESEL": ("pl_pesel",),
    "FI_PERSONAL_IDENTITY_CODE": ("fi_personal",),
    "SE_PERSONNUMMER": ("se_personal",),
    "SE_ORGANISATIONSNUMMER": ("se_organisation",),
    "TR_NATIONAL_ID": ("tr_identity",),
    "TR_LICENSE_PLATE": ("plate_tr",),
    "ZA_ID_NUMBER": ("za_identity",),
    "NG_VEHICLE_REGISTRATION": ("plate_ng",),
    "IN_AADHAAR": ("in_aadhaar",),
    "IN_PAN": ("in_pan",),
    "IN_GSTIN": ("in_gstin",),
    "IN_VOTER": ("in_voter",),
    "IN_PASSPORT": ("in_passport",),
    "IN_VEHICLE_REGISTRATION": ("plate_in",),
    "SG_NRIC_FIN": ("sg_nric",),
    "SG_UEN": ("sg_uen",),
    "TH_TNIN": ("th_identity",),
    "PH_TIN": ("ph_tin",),
    "KR_RRN": ("kr_registration", "kr_registration_digits"),
    "KR_FRN": ("kr_registration", "kr_registration_digits"),
    "KR_BRN": ("kr_business",),
    "KR_PASSPORT": ("kr_passport",),
    "KR_DRIVER_LICENSE": ("kr_driving_licence",),
    "AU_ABN": ("au_business",),
    "AU_ACN": ("au_company",),
    "AU_TFN": ("au_tax_file",),
    "AU_MEDICARE": ("au_medicare",),
}


def stands_for(signature: str, entity: str) -> bool:
    """Whether a finding of a signature is one of an entity."""
    name = signature.rsplit(".", 1)[-1]
    return any(name.startswith(want[:-1]) if want.endswith("*") else name == want for want in ENTITIES[entity])


def guard_for(category: str) -> Guard:
    """Return a guard with one category's detectors and nothing else."""
    return Guard(
        model=None,
        policy=Policy(name="bench", detectors={"*": False, f"{category}/*": True}, limits=Limits(max_findings=10_000)),
    )


def span_scores(guard: Guard, path: Path, *, show: str = "") -> dict[str, dict[str, float]]:
    """Return strict precision, recall and F1 per entity of one file."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for row in rows(path):
        spans = {(a, b, t) for a, b, t in row.get("spans") or () if t in ENTITIES}
        labelled = [(a, b) for a, b, _ in row.get("spans") or ()]
        findings = guard.check(row["text"]).findings
        for a, b, entity in spans:
            hit = any((f.start, f.end) == (a, b) and stands_for(f.signature, entity) for f in findings)
            (right if hit else missed)[entity] += 1
            if not hit and show == entity:
                print("missed", row["text"][max(0, a - 40) : b + 20], [(f.signature, f.text) for f in findings])
        for finding in findings:
            named = [t for a, b, t in spans if (a, b) == (finding.start, finding.end)]
            if (
                any(stands_for(finding.signature, entity) for entity in named)
                or (finding.start, finding.end) in labelled
            ):
                continue
            name = next((e for e in ENTITIES if stands_for(finding.signature, e)), finding.signature)
            wrong[name] += 1
            if show == name:
                print(
                    "wrong",
                    finding.signature,
                    finding.text,
                    "|",
                    row["text"][max(0, finding.start - 40) : finding.end + 20],
                )
    scores = {}
    for entity in sorted(right | wrong | missed):
        found, false, lost = right[entity], wrong[entity], missed[entity]
        precision = found / (found + false) if found + false else 1.0
        recall = found / (found + lost) if found + lost else 1.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        scores[entity] = {"spans": found + lost, "false": false, "precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}  # fmt: skip
    return scores


def secret_recall(guard: Guard, path: Path, *, show: str = "") -> dict[str, Any]:
    """Return the share of secrets that a finding covers, and how many negatives are flagged."""
    missed: Counter[str] = Counter()
    total = found = negatives = flagged = 0
    for row in rows(path):
        spans = row.get("spans") or ()
        findings = guard.check(row["text"]).findings
        for a, b, kind in spans:
            total += 1
            if any(f.start < b and a < f.end for f in findings):
                found += 1
            else:
                missed[kind] += 1
                if show in (kind, "secret"):
                    print("missed", kind, row["text"][:200])
        if not spans:
            negatives += 1
            flagged += bool(findings)
            if findings and show == "negative":
                print("flagged", findings[0].signature, findings[0].text[:80], "|", row["text"][:200])
    return {"secrets": total, "recall": round(found / max(total, 1), 4), "negatives": negatives, "flagged": flagged, "missed": dict(missed.most_common(25))}  # fmt: skip


def false_alarms(guard: Guard, files: list[Path], *, show: str = "") -> dict[str, Any]:
    """Return findings per MB of benign text, and by signature. Only rows with label 0 count."""
    size = texts = flagged = 0
    by_signature: Counter[str] = Counter()
    for path in files:
        for row in rows(path):
            if row.get("label") != 0 or row.get("spans"):
                continue
            text = row["text"]
            size += len(text.encode())
            texts += 1
            findings = guard.check(text).findings
            flagged += bool(findings)
            for f in findings:
                by_signature[f.signature] += 1
                if show and f.signature.startswith(show):
                    print(path.stem[:20], f.signature, repr(text[max(0, f.start - 40) : f.end + 15]))
    found = sum(by_signature.values())
    return {"MB": round(size / 1e6, 2), "texts": texts, "flagged_texts": flagged, "findings": found, "per_MB": round(found / max(size / 1e6, 1e-9), 3), "by_signature": dict(by_signature.most_common(40))}  # fmt: skip


BENIGN = (
    "agentdojo", "banking77", "cse_frr_benign", "gpteacher_codegen", "halueval_general", "nl2bash", "prompts_chat",
    "prompt_book_multilingual", "self_instruct", "tldr_docs", "tldr_commands", "xquad", "bipia_train", "hindi_hinglish",
    "gpteacher_roleplay", "httpparams_train",
)  # fmt: skip


def main() -> None:
    """Measure and print; write the record where asked to."""
    parser = argparse.ArgumentParser(description="Personal data and secrets on labelled texts.")
    parser.add_argument("--data", type=Path, required=True, help="folder with *.jsonl.gz")
    parser.add_argument("--record", type=Path, help="write the figures to this JSON file")
    parser.add_argument("--show", default="", help="print the errors of an entity, or of signatures that begin so")
    parser.add_argument("--only", choices=("spans", "benign", "secrets"), help="one part alone")
    options = parser.parse_args()
    pii, secret = guard_for("pii"), guard_for("secret")
    result: dict[str, Any] = {"date": time.strftime("%Y-%m-%d")}
    if options.only in (None, "spans"):
        for name in ("presidio_generated", "presidio_recognizer_cases"):
            result[name] = span_scores(pii, options.data / f"{name}.jsonl.gz", show=options.show)
    benign = [options.data / f"{name}.jsonl.gz" for name in BENIGN]
    if options.only in (None, "benign"):
        result["pii_benign"] = false_alarms(pii, benign, show=options.show)
    if options.only in (None, "secrets"):
        result["gitleaks_synthetic"] = secret_recall(
            secret, options.data / "gitleaks_synthetic.jsonl.gz", show=options.show
        )
        result["secret_benign"] = false_alarms(secret, benign, show=options.show)
    show_and_keep(result, options.record)


if __name__ == "__main__":
    main()
