/// A value that must not be printed. Every way to turn it into text gives `REDACTED`; the value is read by name only.
package struct Secret<Value: Sendable & Hashable>: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    package let revealed: Value

    package init(_ value: Value) { revealed = value }

    package var description: String { "REDACTED" }
    package var debugDescription: String { "REDACTED" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
