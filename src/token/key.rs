//! Keys that tokens are signed with and verified by.

use std::fmt;

use jsonwebtoken::errors::Error as JwtError;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse,
};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};

use super::{Claims, MintError};

/// Least length of an HS256 secret, in bytes (RFC 7518, section 3.2).
const MIN_SECRET_BYTES: usize = 32;

/// Least length of an RSA modulus, in bytes (RFC 7518, section 3.3).
const MIN_RSA_BYTES: usize = 2048 / 8;

/// How a token is signed (RFC 7518, section 3.1; RFC 8037, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
}

impl Algorithm {
    /// The value of a token's `alg`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
        }
    }

    pub(crate) fn jwt(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Hs256 => jsonwebtoken::Algorithm::HS256,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why a key cannot be used. Never contains the key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The secret could be guessed.
    #[error("the secret must have at least {MIN_SECRET_BYTES} bytes, got {0}")]
    ShortSecret(usize),
    /// No public key of a known kind.
    #[error("not a PEM public key for ES256 (P-256), EdDSA (Ed25519) or RS256")]
    PublicPem,
    /// The RSA key could be broken.
    #[error("the RSA key must have at least 2048 bits, got {0}")]
    ShortRsa(usize),
    /// An elliptic curve that ES256 does not use.
    #[error("the elliptic curve must be P-256")]
    Curve,
    /// No private key of the public key's kind.
    #[error("not a PEM private key (PKCS #8) for {0}")]
    PrivatePem(Algorithm),
    /// The private key belongs to another public key.
    #[error("the private key does not belong to the public key")]
    Mismatch,
    /// The JWKS is not one.
    #[error("not a JSON Web Key Set: {0}")]
    Jwks(String),
    /// The JWKS has no key to verify with.
    #[error("no key of this JSON Web Key Set is for HS256, ES256, EdDSA or RS256")]
    NoUsableJwk,
}

/// A key that verifies tokens and may be able to sign them. Its algorithm is
/// the key's own, whatever a token says. `Debug` and `Display` show no secret.
#[derive(Clone)]
pub struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    verifying: DecodingKey,
    signing: Option<EncodingKey>,
}

impl Key {
    /// An HS256 key that verifies and signs.
    ///
    /// # Errors
    /// When the secret is shorter than 32 bytes.
    pub fn from_secret(id: Option<String>, secret: &[u8]) -> Result<Self, KeyError> {
        if secret.len() < MIN_SECRET_BYTES {
            return Err(KeyError::ShortSecret(secret.len()));
        }
        Ok(Self {
            id,
            algorithm: Algorithm::Hs256,
            verifying: DecodingKey::from_secret(secret),
            signing: Some(EncodingKey::from_secret(secret)),
        })
    }

    /// A key that verifies, from a PEM file with a public key
    /// (SubjectPublicKeyInfo, RFC 7468, section 13). The kind of the key says
    /// the algorithm.
    ///
    /// # Errors
    /// When the PEM is none, or of a kind that is not used here.
    pub fn from_public_pem(id: Option<String>, pem: &[u8]) -> Result<Self, KeyError> {
        if pem.windows(11).any(|window| window == b"PRIVATE KEY") {
            return Err(KeyError::PublicPem);
        }
        let (algorithm, verifying) = if let Ok(key) = DecodingKey::from_ec_pem(pem) {
            (Algorithm::Es256, key)
        } else if let Ok(key) = DecodingKey::from_ed_pem(pem) {
            (Algorithm::EdDsa, key)
        } else if let Ok(key) = DecodingKey::from_rsa_pem(pem) {
            (Algorithm::Rs256, key)
        } else {
            return Err(KeyError::PublicPem);
        };
        check_strength(algorithm, &verifying)?;
        Ok(Self {
            id,
            algorithm,
            verifying,
            signing: None,
        })
    }

    /// The same key, able to sign.
    ///
    /// # Errors
    /// When the PEM is no private key (PKCS #8) of the same kind, or belongs
    /// to another public key.
    pub fn with_private_pem(self, pem: &[u8]) -> Result<Self, KeyError> {
        let signing = match self.algorithm {
            Algorithm::Hs256 => return Err(KeyError::PrivatePem(self.algorithm)),
            Algorithm::Es256 => EncodingKey::from_ec_pem(pem),
            Algorithm::EdDsa => EncodingKey::from_ed_pem(pem),
            Algorithm::Rs256 => EncodingKey::from_rsa_pem(pem),
        }
        .map_err(|_| KeyError::PrivatePem(self.algorithm))?;
        let probe = b"skywave";
        let jwt = self.algorithm.jwt();
        let signature = jsonwebtoken::crypto::sign(probe, &signing, jwt)
            .map_err(|_| KeyError::PrivatePem(self.algorithm))?;
        match jsonwebtoken::crypto::verify(&signature, probe, &self.verifying, jwt) {
            Ok(true) => Ok(Self {
                signing: Some(signing),
                ..self
            }),
            Ok(false) | Err(_) => Err(KeyError::Mismatch),
        }
    }

    /// The keys of a JSON Web Key Set (RFC 7517) that verify with an algorithm
    /// known here. Others, and keys for encryption, are left out.
    ///
    /// # Errors
    /// When the text is no key set, a key of it is too weak, or none is left.
    pub fn from_jwks(json: &[u8]) -> Result<Vec<Self>, KeyError> {
        let set: JwkSet = serde_json::from_slice(json).map_err(|error| {
            KeyError::Jwks(format!("line {}, column {}", error.line(), error.column()))
        })?;
        let mut keys = Vec::new();
        for jwk in &set.keys {
            if let Some(key) = Self::from_jwk(jwk)? {
                keys.push(key);
            }
        }
        if keys.is_empty() {
            return Err(KeyError::NoUsableJwk);
        }
        Ok(keys)
    }

    fn from_jwk(jwk: &Jwk) -> Result<Option<Self>, KeyError> {
        let encryption = jwk
            .common
            .public_key_use
            .as_ref()
            .is_some_and(|usage| *usage != PublicKeyUse::Signature);
        let (algorithm, expected) = match &jwk.algorithm {
            AlgorithmParameters::OctetKey(_) => (Algorithm::Hs256, KeyAlgorithm::HS256),
            AlgorithmParameters::RSA(_) => (Algorithm::Rs256, KeyAlgorithm::RS256),
            AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
                (Algorithm::Es256, KeyAlgorithm::ES256)
            }
            AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
                (Algorithm::EdDsa, KeyAlgorithm::EdDSA)
            }
            _ => return Ok(None),
        };
        let other_algorithm = jwk
            .common
            .key_algorithm
            .is_some_and(|algorithm| algorithm != expected);
        if encryption || other_algorithm {
            return Ok(None);
        }
        let verifying =
            DecodingKey::from_jwk(jwk).map_err(|error| KeyError::Jwks(error.to_string()))?;
        check_strength(algorithm, &verifying)?;
        Ok(Some(Self {
            id: jwk.common.key_id.clone(),
            algorithm,
            verifying,
            signing: None,
        }))
    }

    /// The key's id (`kid`), if it has one.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// How tokens of this key are signed.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether it can mint tokens.
    pub fn can_sign(&self) -> bool {
        self.signing.is_some()
    }

    pub(super) fn sign(&self, claims: &Claims) -> Result<String, MintError> {
        let signing = self.signing.as_ref().ok_or(MintError::NoSigningKey)?;
        let mut header = Header::new(self.algorithm.jwt());
        header.kid.clone_from(&self.id);
        jsonwebtoken::encode(&header, claims, signing).map_err(MintError::Signing)
    }

    /// The claims of a token that this key signed. Times are not looked at.
    pub(crate) fn verify(&self, token: &str) -> Result<Claims, JwtError> {
        let mut validation = Validation::new(self.algorithm.jwt());
        validation.validate_exp = false;
        Ok(jsonwebtoken::decode(token, &self.verifying, &validation)?.claims)
    }
}

fn check_strength(algorithm: Algorithm, key: &DecodingKey) -> Result<(), KeyError> {
    match algorithm {
        Algorithm::Hs256 => {
            let length = key.try_get_as_bytes().map_or(0, <[u8]>::len);
            if length < MIN_SECRET_BYTES {
                return Err(KeyError::ShortSecret(length));
            }
        }
        Algorithm::Es256 => {
            // An uncompressed P-256 point (SEC 1, section 2.3.3).
            if key.try_get_as_bytes().map_or(0, <[u8]>::len) != 65 {
                return Err(KeyError::Curve);
            }
        }
        Algorithm::EdDsa => {
            if key.try_get_as_bytes().map_or(0, <[u8]>::len) != 32 {
                return Err(KeyError::PublicPem);
            }
        }
        Algorithm::Rs256 => {
            let public = Jwk::from_decoding_key(key, Some(algorithm.jwt()))
                .map_err(|_| KeyError::PublicPem)?;
            let AlgorithmParameters::RSA(rsa) = public.algorithm else {
                return Err(KeyError::PublicPem);
            };
            // Base64url without padding: 4 characters for 3 bytes.
            let bytes = rsa.n.len() * 3 / 4;
            if bytes < MIN_RSA_BYTES {
                return Err(KeyError::ShortRsa(bytes * 8));
            }
        }
    }
    Ok(())
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.algorithm.name())?;
        if let Some(id) = &self.id {
            write!(f, " {id:?}")?;
        }
        let masked = match (self.algorithm, self.can_sign()) {
            (Algorithm::Hs256, _) => " (secret ****)",
            (_, true) => " (private key ****)",
            (_, false) => " (public key)",
        };
        f.write_str(masked)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}
