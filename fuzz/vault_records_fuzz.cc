// The small objects of a vault, as somebody with rights on the bucket could leave them: each reader
// answers or refuses, and never takes what it read for something it is not.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/random.h"
#include "base/signing.h"
#include "storage/stores.h"
#include "vault/audit.h"
#include "vault/backup.h"
#include "vault/known_losses.h"
#include "vault/paths.h"
#include "vault/request_record.h"
#include "vault/reservation.h"
#include "vault/spill.h"
#include "vault/step_records.h"
#include "vault/vault_file.h"

namespace {

using namespace lc2;         // NOLINT(google-build-using-namespace): one file, one purpose
using namespace lc2::vault;  // NOLINT(google-build-using-namespace): one file, one purpose

const EnvironmentId kEnv{.project = ProjectId("retail"), .environment = EnvironmentName("prd")};
const RunId kRun("0123456789abcdef0123456789abcdef");
const BackupId kBackup("retail-prd-backup-20251109-143000");
const AttemptId kAttempt("a1");
constexpr std::string_view kVaultId = "fedcba9876543210fedcba9876543210";

// One vault that holds a single object.
class Holding {
 public:
  Holding(const std::string& key, std::string_view bytes) : store_(MakeMemoryStore(clock_)) {
    LC2_CHECK(store_->Put(ctx_, {.key = key, .body = std::string(bytes)}).has_value());
  }
  const Context& ctx() const { return ctx_; }
  ObjectStore& store() { return *store_; }

 private:
  SystemClock clock_;
  Context ctx_{clock_};
  std::unique_ptr<MemoryStore> store_;
};

template <class T>
void MustBeKnownKind(const Result<T>& read) {
  if (read.has_value()) return;
  const ErrorKind kind = read.error().kind;
  LC2_CHECK(kind == ErrorKind::kCorrupt || kind == ErrorKind::kInvalid ||
            kind == ErrorKind::kNotFound || kind == ErrorKind::kDenied);
}

void TryVaultFile(std::string_view bytes) {
  Holding held(VaultFileKey(), bytes);
  SystemRandom random;
  const auto file = OpenVault(held.ctx(), held.store(), random, {.create = true});
  MustBeKnownKind(file);
  if (file.has_value()) LC2_CHECK(file->format >= 1 && file->format <= kVaultFormat);
  if (file.has_value()) LC2_CHECK(file->vault_id.size() == 32);
}

void TryReservation(std::string_view bytes) {
  Holding held(ReservationKey(kEnv, kBackup), bytes);
  const auto run = ReadReservation(held.ctx(), held.store(), kEnv, kBackup);
  MustBeKnownKind(run);
  if (run.has_value()) LC2_CHECK(CheckRunId(*run).has_value());
  MustBeKnownKind(OpenBackup(held.ctx(), held.store(), kEnv, kBackup));
}

void TryRequest(std::string_view bytes) {
  Holding held(RequestRecordKey(kEnv, RunKind::kBackup, "nightly"), bytes);
  const auto record =
      ReadRequestRecord(held.ctx(), held.store(), kEnv, RunKind::kBackup, "nightly");
  MustBeKnownKind(record);
  if (!record.has_value()) return;
  LC2_CHECK(CheckRunId(record->run_id).has_value() && record->request.name == "nightly");
}

void TryLosses(std::string_view bytes) {
  Holding held(KnownLossesKey(kEnv, 0), bytes);
  const auto losses = ReadKnownLosses(held.ctx(), held.store(), kEnv);
  MustBeKnownKind(losses);
  if (!losses.has_value()) return;
  for (std::size_t i = 1; i < losses->size(); ++i) LC2_CHECK((*losses)[i - 1] < (*losses)[i]);
}

void TryAudit(std::string_view bytes) {
  const std::string vault(kVaultId);
  Holding held(AuditKey(vault, 0), bytes);
  const auto head = VerifyAudit(held.ctx(), held.store(), vault);
  MustBeKnownKind(head);
  if (head.has_value()) LC2_CHECK(head->count == 1);
  MustBeKnownKind(ReadAudit(held.ctx(), held.store(), vault, 0, 10));
}

void TryRecords(std::string_view bytes) {
  const RecordName name{
      .env = kEnv, .run = kRun, .attempt = kAttempt, .name = "steps/database.json"};
  Holding record(RecordKey(name), bytes);
  MustBeKnownKind(ReadRecord(record.ctx(), record.store(), name));

  const std::string folder = WrittenFolder(kEnv, kRun, kAttempt);
  Holding spill(folder + "3f-000000.ndjson", bytes);
  MustBeKnownKind(CheckWrittenObjects(spill.ctx(), spill.store(), kEnv, folder,
                                      {.run = kRun, .inherited = {}}));
}

void TryKeys(std::string_view bytes) {
  if (const auto key = PublicKey::FromPem(bytes); key.has_value()) {
    LC2_CHECK(PublicKey::FromPem(key->ToPem())->id() == key->id());
    LC2_CHECK(!key->Verifies("message", bytes));
  }
  const auto secret = SigningKey::FromPem(Secret(std::string(bytes)));
  if (secret.has_value()) {
    LC2_CHECK(secret->public_key().Verifies("message", secret->Sign("message")));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const auto& attempt :
       {TryVaultFile, TryReservation, TryRequest, TryLosses, TryAudit, TryRecords, TryKeys}) {
    attempt(bytes);
  }
  return 0;
}
