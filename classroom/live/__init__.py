"""Pictures that move while the system runs. Begin with `watching`; `live.js` draws what `view` is given."""
