//! The first message: who the client is and what both speak.

use std::time::{SystemTime, UNIX_EPOCH};

use skywave_transport::RecvStream;
use skywave_wire::PROTOCOL;
use skywave_wire::control::{
    ErrorCode, Fault, Hello, Lines, Request, Welcome, decode_request, encode_error, encode_ok, told,
};

use super::{End, Session};
use crate::gate::{Grant, Refusal};
use crate::relay::SERVER;
use crate::supervision::Profile;

impl Session {
    /// Reads `hello` and answers it; anything else ends the session.
    pub(super) async fn hello(
        &self,
        recv: &mut RecvStream,
        lines: &mut Lines,
    ) -> Result<Grant, End> {
        let line = self.line(recv, lines).await.ok_or(End::Gone)??;
        let (id, hello) = match decode_request(&line) {
            Ok((id, Request::Hello(hello))) => (id, hello),
            Ok((id, other)) => {
                let words = format!("hello comes first, not {}", other.kind());
                return Err(self.refuse(id, Fault::new(ErrorCode::HelloExpected, words)));
            }
            Err(rejected) => return Err(self.refuse(rejected.id, rejected.fault)),
        };
        let grant = self.admit(&hello).map_err(|fault| self.refuse(id, fault))?;
        tracing::debug!(
            subject = grant.subject,
            role = grant.role.name(),
            client = hello.client.as_deref().unwrap_or("unnamed"),
            "session began"
        );
        let profile = Profile {
            number: self.id,
            subject: grant.subject.clone(),
            role: grant.role,
            client: hello.client.as_deref().map(told),
            path: self.entry.presence().path().clone(),
        };
        let entry = self.relay.supervision.sessions().enter(profile);
        // There is one `hello`.
        let _ = self.supervised.set(entry);
        let welcome = Welcome {
            version: PROTOCOL.to_owned(),
            server: SERVER.to_owned(),
            session: self.id,
            subject: grant.subject.clone(),
            role: grant.role.name().to_owned(),
            expires: grant.expires.map(unix_seconds),
        };
        self.outbox.answer(encode_ok(id, &welcome));
        self.tell_what_is_on_the_air();
        Ok(grant)
    }

    fn admit(&self, hello: &Hello) -> Result<Grant, Fault> {
        if !hello.versions.iter().any(|version| version == PROTOCOL) {
            let words = format!("this relay speaks {PROTOCOL}");
            return Err(Fault::new(ErrorCode::VersionUnsupported, words));
        }
        let (token, subject) = (hello.token.as_deref(), hello.subject.as_deref());
        self.relay
            .gate
            .admit(token, subject, self.whereabouts, SystemTime::now())
            .map_err(refusal)
    }

    /// Answers the request with the fault, which ends the session as well.
    fn refuse(&self, id: Option<u64>, fault: Fault) -> End {
        if id.is_some() {
            self.outbox.answer(encode_error(id, &fault));
        }
        End::Fault(fault)
    }
}

fn refusal(refusal: Refusal) -> Fault {
    let code = match refusal {
        Refusal::Missing => ErrorCode::TokenMissing,
        Refusal::Expired(_) => ErrorCode::TokenExpired,
        _ => ErrorCode::TokenInvalid,
    };
    Fault::new(code, refusal.to_string())
}

fn unix_seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
