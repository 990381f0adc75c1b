"""What the commands print, in two languages."""

from app.text.bilingual import Bilingual

WORKER_STARTED = Bilingual(
    "Tiến trình gửi nhắc việc đã chạy (Ctrl+C để dừng).", "Worker started (Ctrl+C to stop)."
)
MIGRATED = Bilingual("Cơ sở dữ liệu có cấu trúc mới nhất.", "The database has the newest schema.")
SIMULATED = Bilingual(
    "Đã lập {plans} kế hoạch và {figures} số liệu mô phỏng.",
    "{plans} plans and {figures} figures are simulated.",
)
ROLE_OR_RESET = Bilingual(
    "cần --role cho tài khoản mới, hoặc --reset cho tài khoản đã có",
    "expected --role for a new account, or --reset for an existing one",
)
ARCHIVE_COMPLETE = Bilingual(
    "{file} đầy đủ: {rows} dòng, {instant!s}", "{file} is complete: {rows} rows, {instant!s}"
)
ARCHIVE_WRITTEN = Bilingual(
    "Đã ghi {file}: {rows} dòng, {instant!s}", "{file} is written: {rows} rows, {instant!s}"
)
PLANS = Bilingual("kế hoạch: {plans}", "plans: {plans}")
RESTORED = Bilingual(
    "Đã khôi phục {rows} dòng, dữ liệu lúc {instant!s}.",
    "{rows} rows are restored, as of {instant!s}.",
)
CHECKPOINTS_ASIDE = Bilingual(
    "Các điểm kiểm tra mới hơn tệp sao lưu đã chuyển vào {folder}.",
    "Checkpoints that are newer than the archive are moved to {folder}.",
)
SIGN_IN_AGAIN = Bilingual(
    "Mọi tài khoản phải đăng nhập lại. Tiếp theo hãy chạy `tiendo verify`.",
    "All accounts have to sign in again. Run `tiendo verify` next.",
)
MESSAGES_HELD = Bilingual(
    "Thông báo đang được giữ lại: xem bằng `tiendo messages`.",
    "Messages are held: `tiendo messages` lists them.",
)
CHECKPOINTS = Bilingual(
    "điểm kiểm tra: {count} trong {files} tệp", "checkpoints: {count} in {files} files"
)
NOT_INTACT = Bilingual(
    "Dữ liệu đã ghi không còn nguyên vẹn: {count} chỗ sai lệch.",
    "The record is not intact: {count} findings.",
)
INTACT = Bilingual("Dữ liệu đã ghi còn nguyên vẹn.", "The record is intact.")
CHECKPOINT_TAKEN = Bilingual("Đã ghi điểm kiểm tra vào {file}.", "The checkpoint is in {file}.")
