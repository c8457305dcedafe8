//! The web pages as browsers and others meet them: each module is one behaviour.

mod answers;
mod caching;
mod headers;
mod https;
mod relay_description;
mod site;
mod strangers;
