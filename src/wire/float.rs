//! How numbers with a point are spelled: another fingerprint of a vendor.

use std::io;

/// Writes a number as C++ and Python do: its shortest digits, without `.0` if it is whole, and below
/// 0.0001 with an exponent of two digits.
pub(super) fn write_c(writer: &mut (impl io::Write + ?Sized), number: f32) -> io::Result<()> {
    if number != 0.0 && number.abs() < 1e-4 {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once("e-").unwrap_or((&text, "0"));
        return write!(writer, "{digits}e-{exponent:0>2}");
    }
    write!(writer, "{number}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelled_as_google_does() {
        // Recorded ones, and what their rule makes of others.
        for text in [
            "-0.01530608",
            "0.0005849064",
            "-5.989852e-05",
            "7.798793e-05",
            "0.100421116",
            "-0.15090829",
            "0",
            "1",
            "-2",
            "0.0001",
            "1e-12",
        ] {
            let mut out = Vec::new();
            write_c(&mut out, text.parse().unwrap()).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
