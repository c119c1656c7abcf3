package import Foundation

/// SHA-256 of some bytes, lower-case hex.
package func sha256Hex(_ bytes: Data) -> String { X509Reader.sha256(bytes) }
