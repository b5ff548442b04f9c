window.late = location.href;
