import COpenSSL

/// What all client sessions of the process share: never changed once it is made, and so free to be used by any thread.
enum ClientContext {
    /// `nil`: OpenSSL has none. To make one costs as much as several handshakes, because OpenSSL 3 looks every algorithm up anew.
    nonisolated(unsafe) static let shared: OpaquePointer? = {
        guard let context = SSL_CTX_new_ex(LeanProvider.library, nil, TLS_client_method()) else { return nil }
        // Old keys and ciphers are to be seen and reported, not to break the probe. What Envoy offers first stands first.
        SSL_CTX_set_security_level(context, 0)
        SSL_CTX_set_cipher_list(context, "ECDHE+AES128+AESGCM:ALL:!COMPLEMENTOFDEFAULT:!eNULL:!PSK:!SRP")
        SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256")
        // No session is resumed: a peer need not make a ticket for one.
        SSL_CTX_set_options(context, ist_no_tickets)
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
        // What is served is recorded, and judged elsewhere.
        SSL_CTX_set_cert_verify_callback(context, { _, _ in 1 }, nil)
        return context
    }()
}

/// OpenSSL's default provider with those algorithms alone that a TLS session can ask for (provider(7), OSSL_PROVIDER_add_builtin(3)).
///
/// OpenSSL 3.0 goes through all that it has, and copies the list, for each public key that it decodes: every certificate that a peer
/// serves costs as much as a signature. A third as many algorithms make a whole handshake a fifth cheaper.
private enum LeanProvider {
    /// `nil`, which is OpenSSL's own library context, where this one cannot be made.
    nonisolated(unsafe) static let library: OpaquePointer? = {
        guard base != nil, let library = OSSL_LIB_CTX_new() else { return nil }
        guard OSSL_PROVIDER_add_builtin(library, "lean", { LeanProvider.begin($2, $3) }) == 1,
            OSSL_PROVIDER_load(library, "lean") != nil
        else {
            OSSL_LIB_CTX_free(library)
            return nil
        }
        return library
    }()

    nonisolated(unsafe) private static let base = OSSL_PROVIDER_load(nil, "default")

    // MARK: What is left

    private static let certificateKeys: Set = ["RSA", "RSA-PSS", "DSA", "EC", "ED25519", "ED448"]

    /// By operation; an operation that is not here is whole.
    nonisolated(unsafe) private static let lists: [Int32: UnsafePointer<OSSL_ALGORITHM>] = [
        OSSL_OP_DECODER: algorithms(OSSL_OP_DECODER) { name, properties in
            certificateKeys.contains(name) && properties.contains("structure=SubjectPublicKeyInfo")
        },
        // The same keys, those of key exchanges, and those that authenticate records.
        OSSL_OP_KEYMGMT: algorithms(OSSL_OP_KEYMGMT, certificateKeys.union(["DH", "X25519", "X448", "HMAC"])),
        OSSL_OP_SIGNATURE: algorithms(OSSL_OP_SIGNATURE, ["RSA", "DSA", "ECDSA", "ED25519", "ED448", "HMAC"]),
        OSSL_OP_KEYEXCH: algorithms(OSSL_OP_KEYEXCH, ["DH", "ECDH", "X25519", "X448"]),
        OSSL_OP_MAC: algorithms(OSSL_OP_MAC, ["HMAC"]),
        OSSL_OP_KDF: algorithms(OSSL_OP_KDF, ["TLS1-PRF", "TLS13-KDF", "HKDF"]),
        // Those that sign certificates and messages.
        OSSL_OP_DIGEST: algorithms(OSSL_OP_DIGEST) { name, _ in name.hasPrefix("SHA") || name.hasPrefix("MD5") },
        // Those of cipher suites, and of the generator of random numbers.
        OSSL_OP_CIPHER: algorithms(OSSL_OP_CIPHER) { name, _ in
            ["-GCM", "-CBC", "-POLY1305"].contains(where: name.hasSuffix)
                || ["AES-256-CTR", "AES-256-ECB"].contains(name)
        },
    ].compactMapValues(\.self)

    private static func algorithms(_ operation: Int32, _ wanted: Set<String>) -> UnsafePointer<OSSL_ALGORITHM>? {
        algorithms(operation) { name, _ in wanted.contains(name) }
    }

    /// Of the default provider's those that are wanted, by the first of their names in capitals, and their properties; with the empty
    /// entry that ends a list.
    private static func algorithms(
        _ operation: Int32, where isWanted: (_ name: String, _ properties: String) -> Bool
    ) -> UnsafePointer<OSSL_ALGORITHM>? {
        var isToBeAskedAgain: Int32 = 0
        guard var next = OSSL_PROVIDER_query_operation(base, operation, &isToBeAskedAgain) else { return nil }
        var kept: [OSSL_ALGORITHM] = []
        while let names = next.pointee.algorithm_names {
            let name = String(cString: names).prefix { $0 != ":" }.uppercased()
            let properties = next.pointee.property_definition.map { String(cString: $0) } ?? ""
            if isWanted(name, properties) { kept.append(next.pointee) }
            next += 1
        }
        return forEver(kept + [OSSL_ALGORITHM()])
    }

    private static func forEver<Element>(_ elements: [Element]) -> UnsafePointer<Element>? {
        let copy = UnsafeMutableBufferPointer<Element>.allocate(capacity: elements.count)
        _ = copy.initialize(from: elements)
        return UnsafePointer(copy.baseAddress)
    }

    // MARK: What OpenSSL calls

    private typealias Function = @convention(c) () -> Void
    private typealias Pointer = UnsafeMutableRawPointer

    private static let query: @convention(c) (Pointer?, Int32, UnsafeMutablePointer<Int32>?) -> UnsafePointer<OSSL_ALGORITHM>? = {
        lists[$1] ?? OSSL_PROVIDER_query_operation(base, $1, $2)
    }
    private static let gettable: @convention(c) (Pointer?) -> UnsafePointer<OSSL_PARAM>? = { _ in
        OSSL_PROVIDER_gettable_params(base)
    }
    private static let parameters: @convention(c) (Pointer?, UnsafeMutablePointer<OSSL_PARAM>?) -> Int32 = {
        OSSL_PROVIDER_get_params(base, $1)
    }
    /// The groups of TLS.
    private static let capabilities:
        @convention(c) (
            Pointer?, UnsafePointer<CChar>?, (@convention(c) (UnsafePointer<OSSL_PARAM>?, Pointer?) -> Int32)?, Pointer?
        ) -> Int32 = { OSSL_PROVIDER_get_capabilities(base, $1, $2, $3) }

    nonisolated(unsafe) private static let functions = forEver([
        OSSL_DISPATCH(function_id: OSSL_FUNC_PROVIDER_QUERY_OPERATION, function: unsafeBitCast(query, to: Function.self)),
        OSSL_DISPATCH(function_id: OSSL_FUNC_PROVIDER_GETTABLE_PARAMS, function: unsafeBitCast(gettable, to: Function.self)),
        OSSL_DISPATCH(function_id: OSSL_FUNC_PROVIDER_GET_PARAMS, function: unsafeBitCast(parameters, to: Function.self)),
        OSSL_DISPATCH(function_id: OSSL_FUNC_PROVIDER_GET_CAPABILITIES, function: unsafeBitCast(capabilities, to: Function.self)),
        OSSL_DISPATCH(),
    ])

    /// The algorithms get the context that the default provider made for them.
    private static func begin(
        _ functions: UnsafeMutablePointer<UnsafePointer<OSSL_DISPATCH>?>?, _ context: UnsafeMutablePointer<Pointer?>?
    ) -> Int32 {
        functions?.pointee = Self.functions
        context?.pointee = OSSL_PROVIDER_get0_provider_ctx(base)
        return 1
    }
}
