//! The envelope that Meta platforms share.
